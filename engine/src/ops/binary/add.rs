//! `add`: x + y, with broadcasting.

use crate::device::{DType, Float};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Binary, BinaryInts};

#[derive(Debug)]
struct Add;

impl Binary for Add {
    const NAME: &'static str = "add";
    const WGSL: &'static [&'static str] = shader!("add");
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<BinaryInts<Self>> = of_ints!(|_, x, y| x.wrapping_add(y));

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        x + y
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([Some(grad.clone()), Some(grad.clone())])
    }
}

impl Tensor {
    /// Computes x + y, element by element, with broadcasting and type promotion. For two bools it
    /// is the logical or.
    /// [torch.add](https://docs.pytorch.org/docs/stable/generated/torch.add.html)
    ///
    /// ```
    /// # use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0], [2, 2], &Device::cpu())?;
    /// let y = Tensor::from_slice(&[10.0f32, 20.0], [2], &Device::cpu())?;
    /// assert_eq!(block_on(x.add(&y)?.to_vec::<f32>())?, [11.0, 22.0, 13.0, 24.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn add(&self, other: &Self) -> Result<Self> {
        if self.dtype() == DType::Bool && other.dtype() == DType::Bool {
            return self.logical_or(other);
        }
        self.binary(other, Add)
    }

    /// In-place version of [`Tensor::add`].
    ///
    /// # Errors
    /// As [`Tensor::add`] and [`Tensor::copy_`].
    pub fn add_(&self, other: &Self) -> Result<()> {
        self.update_(|x| x.add(other))
    }
}

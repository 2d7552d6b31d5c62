//! `sub`: x − y, with broadcasting.

use crate::device::{DType, Float};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Error, Result, shader};

use super::{Binary, BinaryInts};

#[derive(Debug)]
struct Sub;

impl Binary for Sub {
    const NAME: &'static str = "sub";
    const WGSL: &'static [&'static str] = shader!("sub");
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<BinaryInts<Self>> = of_ints!(|_, x, y| x.wrapping_sub(y));

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        x - y
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let other = if cx.needs(1) { Some(grad.neg()?) } else { None };
        Ok([Some(grad.clone()), other])
    }
}

impl Tensor {
    /// Computes x − y, element by element, with broadcasting and type promotion.
    /// [torch.sub](https://docs.pytorch.org/docs/stable/generated/torch.sub.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[5.0_f32, 7.0], &cpu)?;
    /// let y = Tensor::from_nested(&[1.0_f32, 10.0], &cpu)?;
    /// assert_eq!(x.sub(&y)?.to_string(), "tensor([ 4., -3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::add`]; or both tensors are bool.
    pub fn sub(&self, other: &Self) -> Result<Self> {
        if self.dtype() == DType::Bool && other.dtype() == DType::Bool {
            return Err(Error::dtype("sub", "two bools cannot be subtracted; use logical_xor or logical_not"));
        }
        self.binary(other, Sub)
    }

    /// In-place version of [`Tensor::sub`].
    ///
    /// # Errors
    /// As [`Tensor::sub`] and [`Tensor::copy_`].
    pub fn sub_(&self, other: &Self) -> Result<()> {
        self.update_(|x| x.sub(other))
    }
}

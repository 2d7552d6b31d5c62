//! `mul`: x·y, with broadcasting.

use crate::device::{DType, Float};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Binary, BinaryInts};

#[derive(Debug)]
struct Mul;

impl Binary for Mul {
    const NAME: &'static str = "mul";
    const WGSL: &'static [&'static str] = shader!("mul");
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = of_ints!(|_, x, y| x.wrapping_mul(y));

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        x * y
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let input = if cx.needs(0) { Some(grad.mul(&cx.input(1)?)?) } else { None };
        let other = if cx.needs(1) { Some(grad.mul(&cx.input(0)?)?) } else { None };
        Ok([input, other])
    }
}

impl Tensor {
    /// Computes x·y, element by element, with broadcasting and type promotion. For two bools it is
    /// the logical and.
    /// [torch.mul](https://docs.pytorch.org/docs/stable/generated/torch.mul.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// let y = Tensor::from_nested(&[3.0_f32, 4.0], &cpu)?;
    /// assert_eq!(x.mul(&y)?.to_string(), "tensor([3., 8.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn mul(&self, other: &Self) -> Result<Self> {
        if self.dtype() == DType::Bool && other.dtype() == DType::Bool {
            return self.logical_and(other);
        }
        self.binary(other, Mul)
    }

    /// In-place version of [`Tensor::mul`].
    ///
    /// # Errors
    /// As [`Tensor::mul`] and [`Tensor::copy_`].
    pub fn mul_(&self, other: &Self) -> Result<()> {
        self.update_(|x| x.mul(other))
    }
}

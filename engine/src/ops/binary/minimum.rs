//! `minimum`: the smaller of x and y, with broadcasting.

use crate::device::{DType, Float};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::maximum::MaximumShare;
use super::{Binary, BinaryInts};

#[derive(Debug)]
struct Minimum;

impl Binary for Minimum {
    const NAME: &'static str = "minimum";
    const WGSL: &'static [&'static str] = shader!("minimum");
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = of_ints!(|_, x, y| x.min(y));

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        if x < y || x.is_nan() { x } else { y }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (x, y) = (cx.input(0)?, cx.input(1)?);
        let input = if cx.needs(0) { Some(grad.mul(&y.binary(&x, MaximumShare)?)?) } else { None };
        let other = if cx.needs(1) { Some(grad.mul(&x.binary(&y, MaximumShare)?)?) } else { None };
        Ok([input, other])
    }
}

impl Tensor {
    /// Computes the smaller of x and y, element by element, with broadcasting and type promotion.
    /// NaN if either is; for ties each receives half of the gradient.
    /// [torch.minimum](https://docs.pytorch.org/docs/stable/generated/torch.minimum.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 5.0], &cpu)?;
    /// let y = Tensor::from_nested(&[3.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.minimum(&y)?.to_string(), "tensor([1., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn minimum(&self, other: &Self) -> Result<Self> {
        if self.dtype() == DType::Bool && other.dtype() == DType::Bool {
            return self.logical_and(other);
        }
        self.binary(other, Minimum)
    }
}

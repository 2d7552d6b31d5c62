//! `maximum`: the larger of x and y, with broadcasting.

use crate::device::{DType, Float};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Binary, BinaryInts};

#[derive(Debug)]
struct Maximum;

impl Binary for Maximum {
    const NAME: &'static str = "maximum";
    const WGSL: &'static [&'static str] = shader!("maximum");
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = of_ints!(|_, x, y| x.max(y));

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        if x > y || x.is_nan() { x } else { y }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (x, y) = (cx.input(0)?, cx.input(1)?);
        let input = if cx.needs(0) { Some(grad.mul(&x.binary(&y, MaximumShare)?)?) } else { None };
        let other = if cx.needs(1) { Some(grad.mul(&y.binary(&x, MaximumShare)?)?) } else { None };
        Ok([input, other])
    }
}

/// Share of the gradient of `maximum` that x receives: 1 if it is larger, ½ for ties, else 0.
#[derive(Debug)]
pub(crate) struct MaximumShare;

impl Binary for MaximumShare {
    const NAME: &'static str = "maximum_share";
    const WGSL: &'static [&'static str] = Maximum::WGSL;
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, x: T, y: T) -> T {
        if x < y {
            T::c(0.0)
        } else if x == y {
            T::c(0.5)
        } else {
            T::c(1.0)
        }
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([None, None]) // Piecewise constant.
    }
}

impl Tensor {
    /// Computes the larger of x and y, element by element, with broadcasting and type promotion.
    /// NaN if either is; for ties each receives half of the gradient.
    /// [torch.maximum](https://docs.pytorch.org/docs/stable/generated/torch.maximum.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 5.0], &cpu)?;
    /// let y = Tensor::from_nested(&[3.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.maximum(&y)?.to_string(), "tensor([3., 5.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn maximum(&self, other: &Self) -> Result<Self> {
        if self.dtype() == DType::Bool && other.dtype() == DType::Bool {
            return self.logical_or(other);
        }
        self.binary(other, Maximum)
    }
}

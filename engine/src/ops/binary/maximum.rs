//! `maximum`: the larger of x and y, with broadcasting.

use crate::device::{DType, Float};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Binary, BinaryInts};

#[derive(Debug)]
struct Maximum;

impl Binary for Maximum {
    const NAME: &'static str = "maximum";
    const WGSL: &'static [&'static str] = &[shader!("maximum"), shader!("shared/nonfinite"), shader!("shared/order")];
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

/// The share of the gradient of `maximum` that x gets: 1 where it is larger, ½ at a tie, else 0.
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
    /// The larger of x and y, element by element, with broadcasting and type promotion. NaN if either is; at a tie each gets half
    /// of the gradient.
    /// [torch.maximum](https://docs.pytorch.org/docs/stable/generated/torch.maximum.html)
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

//! `div_scalar`: x/c for a number c, which may change from step to step without making another plan.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use crate::ops::unary::Unary;

#[derive(Debug)]
struct DivScalar {
    other: f64,
}

impl Unary for DivScalar {
    const NAME: &'static str = "div_scalar";
    const WGSL: &'static [&'static str] = &[shader!("div_scalar")];
    const SAVES: Saves = Saves::NOTHING;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.other)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        x / T::c(self.other)
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.div_scalar(self.other)
    }
}

impl Tensor {
    /// x/c for a number c; also written `&x / c`. Integers become f32.
    /// [torch.div](https://docs.pytorch.org/docs/stable/generated/torch.div.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn div_scalar(&self, other: f64) -> Result<Self> {
        self.unary(DivScalar { other })
    }

    /// [`Tensor::div_scalar`] in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn div_scalar_(&self, other: f64) -> Result<()> {
        self.update_(|x| x.div_scalar(other))
    }
}

//! `mul_scalar`: x·c for a number c, which may change from step to step without making another plan.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use crate::ops::unary::Unary;

#[derive(Debug)]
struct MulScalar {
    other: f64,
}

impl Unary for MulScalar {
    const NAME: &'static str = "mul_scalar";
    const WGSL: &'static [&'static str] = &[shader!("mul_scalar")];
    const SAVES: Saves = Saves::NOTHING;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.other)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        x * T::c(self.other)
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul_scalar(self.other)
    }
}

impl Tensor {
    /// x·c for a number c; also written `&x * c`. Integers and a whole number give integers, integers and another number f32.
    /// [torch.mul](https://docs.pytorch.org/docs/stable/generated/torch.mul.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn mul_scalar(&self, other: f64) -> Result<Self> {
        if self.computes_in_integers_with(other) {
            return self.mul(&self.number_like(other)?);
        }
        self.unary(MulScalar { other })
    }

    /// [`Tensor::mul_scalar`] in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn mul_scalar_(&self, other: f64) -> Result<()> {
        self.update_(|x| x.mul_scalar(other))
    }
}

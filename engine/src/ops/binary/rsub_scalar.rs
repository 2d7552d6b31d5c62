//! `rsub_scalar`: c − x for a number c, which may change from step to step without making another plan.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use crate::ops::unary::Unary;

#[derive(Debug)]
struct RsubScalar {
    other: f64,
}

impl Unary for RsubScalar {
    const NAME: &'static str = "rsub_scalar";
    const WGSL: &'static [&'static str] = &[shader!("rsub_scalar")];
    const SAVES: Saves = Saves::NOTHING;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.other)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        T::c(self.other) - x
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.neg()
    }
}

impl Tensor {
    /// c − x for a number c; also written `c - &x`. Integers and a whole number give integers, integers and another number f32.
    /// [torch.sub](https://docs.pytorch.org/docs/stable/generated/torch.sub.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn rsub_scalar(&self, other: f64) -> Result<Self> {
        if self.computes_in_integers_with(other) {
            return self.number_like(other)?.sub(self);
        }
        self.unary(RsubScalar { other })
    }
}

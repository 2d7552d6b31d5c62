//! `add_scalar`: x + c for a number c, which may change from step to step without making another plan.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use crate::ops::unary::Unary;

#[derive(Debug)]
struct AddScalar {
    other: f64,
}

impl Unary for AddScalar {
    const NAME: &'static str = "add_scalar";
    const WGSL: &'static [&'static str] = &[shader!("add_scalar")];
    const SAVES: Saves = Saves::NOTHING;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.other)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        x + T::c(self.other)
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        Ok(grad.clone())
    }
}

impl Tensor {
    /// x + c for a number c; also written `&x + c`. Integers and a whole number give integers, integers and another number f32.
    /// [torch.add](https://docs.pytorch.org/docs/stable/generated/torch.add.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn add_scalar(&self, other: f64) -> Result<Self> {
        if self.computes_in_integers_with(other) {
            return self.add(&self.number_like(other)?);
        }
        self.unary(AddScalar { other })
    }

    /// [`Tensor::add_scalar`] in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn add_scalar_(&self, other: f64) -> Result<()> {
        self.update_(|x| x.add_scalar(other))
    }
}

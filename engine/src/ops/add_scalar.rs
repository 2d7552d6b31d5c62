//! `add_scalar`: x+c for a number c, which may change from step to step without making another plan.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use super::unary::Unary;

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
    /// x+c for a number c.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn add_scalar(&self, other: f64) -> Result<Self> {
        self.unary(AddScalar { other })
    }
}

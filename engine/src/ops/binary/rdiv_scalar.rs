//! `rdiv_scalar`: c/x for a number c, which may change from step to step without making another plan.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use crate::ops::unary::Unary;

#[derive(Debug)]
struct RdivScalar {
    other: f64,
}

impl Unary for RdivScalar {
    const NAME: &'static str = "rdiv_scalar";
    const WGSL: &'static [&'static str] = &[shader!("rdiv_scalar")];
    const SAVES: Saves = Saves::INPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.other)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        T::c(self.other) / x
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        // d(c/x)/dx = −c/x².
        let x = cx.input(0)?;
        grad.mul(&x.rdiv_scalar(-self.other)?.div(&x)?)
    }
}

impl Tensor {
    /// c/x for a number c; also written `c / &x`. Integers become f32.
    /// [torch.div](https://docs.pytorch.org/docs/stable/generated/torch.div.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn rdiv_scalar(&self, other: f64) -> Result<Self> {
        self.unary(RdivScalar { other })
    }
}

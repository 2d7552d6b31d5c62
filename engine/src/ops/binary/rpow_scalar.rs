//! `rpow_scalar`: cˣ for a number c, which may change from step to step under the same plan.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use crate::ops::unary::Unary;

#[derive(Debug)]
struct RpowScalar {
    base: f64,
}

impl Unary for RpowScalar {
    const NAME: &'static str = "rpow_scalar";
    const WGSL: &'static [&'static str] = shader!("rpow_scalar");
    const SAVES: Saves = Saves::OUTPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.base)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        T::c(self.base).powf(x)
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        // d cˣ/dx = cˣ·log c, and 0 for c = 0, where cˣ is 0 except at x = 0.
        let slope = if self.base == 0.0 { 0.0 } else { self.base.ln() };
        grad.mul(&cx.output()?.mul_scalar(slope)?)
    }
}

impl Tensor {
    /// Computes cˣ for a number c. Integers stay integers for an integral c and become f32 for
    /// another.
    /// [torch.pow](https://docs.pytorch.org/docs/stable/generated/torch.pow.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 3.0], &cpu)?;
    /// assert_eq!(x.rpow_scalar(2.0)?.to_string(), "tensor([2., 8.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn rpow_scalar(&self, base: f64) -> Result<Self> {
        if self.computes_in_integers_with(base) {
            return self.number_like(base)?.pow(self);
        }
        self.unary(RpowScalar { base })
    }
}

//! `rsub_scalar`: c − x for a number c, which may change from step to step under the same plan.

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
    const WGSL: &'static [&'static str] = shader!("rsub_scalar");
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
    /// Computes c − x for a number c; also written `c - &x`. Integers stay integers for an integral
    /// c and become f32 for another.
    /// [torch.sub](https://docs.pytorch.org/docs/stable/generated/torch.sub.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 3.0], &cpu)?;
    /// assert_eq!(x.rsub_scalar(2.0)?.to_string(), "tensor([ 1., -1.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
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

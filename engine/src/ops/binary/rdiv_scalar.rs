//! `rdiv_scalar`: c/x for a number c, which may change from step to step under the same plan.

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
    const WGSL: &'static [&'static str] = shader!("rdiv_scalar");
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
    /// Computes c/x for a number c; also written `c / &x`. Integers become f32.
    /// [torch.div](https://docs.pytorch.org/docs/stable/generated/torch.div.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 4.0], &cpu)?;
    /// assert_eq!(x.rdiv_scalar(2.0)?.to_string(), "tensor([2.0000, 0.5000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn rdiv_scalar(&self, other: f64) -> Result<Self> {
        self.unary(RdivScalar { other })
    }
}

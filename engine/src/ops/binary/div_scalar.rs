//! `div_scalar`: x/c for a number c, which may change from step to step under the same plan.

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
    const WGSL: &'static [&'static str] = shader!("div_scalar");
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
    /// Computes x/c for a number c; also written `&x / c`. Integers become f32.
    /// [torch.div](https://docs.pytorch.org/docs/stable/generated/torch.div.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 3.0], &cpu)?;
    /// assert_eq!(x.div_scalar(2.0)?.to_string(), "tensor([0.5000, 1.5000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn div_scalar(&self, other: f64) -> Result<Self> {
        self.unary(DivScalar { other })
    }

    /// In-place version of [`Tensor::div_scalar`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn div_scalar_(&self, other: f64) -> Result<()> {
        self.update_(|x| x.div_scalar(other))
    }
}

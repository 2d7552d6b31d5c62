//! `mul_scalar`: x·c for a number c, which may change from step to step under the same plan.

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
    const WGSL: &'static [&'static str] = shader!("mul_scalar");
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
    /// Computes x·c for a number c; also written `&x * c`. Integers times an integral number stay
    /// integers; times another number, they become f32.
    /// [torch.mul](https://docs.pytorch.org/docs/stable/generated/torch.mul.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.mul_scalar(1.5)?.to_string(), "tensor([1.5000, 3.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn mul_scalar(&self, other: f64) -> Result<Self> {
        if self.computes_in_integers_with(other) {
            return self.mul(&self.number_like(other)?);
        }
        self.unary(MulScalar { other })
    }

    /// In-place version of [`Tensor::mul_scalar`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn mul_scalar_(&self, other: f64) -> Result<()> {
        self.update_(|x| x.mul_scalar(other))
    }
}

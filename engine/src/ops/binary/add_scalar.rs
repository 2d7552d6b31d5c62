//! `add_scalar`: x + c for a number c, which may change from step to step under the same plan.

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
    const WGSL: &'static [&'static str] = shader!("add_scalar");
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
    /// Computes x + c for a number c; also written `&x + c`. Integers plus an integral number stay
    /// integers; plus another number, they become f32.
    /// [torch.add](https://docs.pytorch.org/docs/stable/generated/torch.add.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.add_scalar(0.5)?.to_string(), "tensor([1.5000, 2.5000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn add_scalar(&self, other: f64) -> Result<Self> {
        if self.computes_in_integers_with(other) {
            return self.add(&self.number_like(other)?);
        }
        self.unary(AddScalar { other })
    }

    /// In-place version of [`Tensor::add_scalar`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn add_scalar_(&self, other: f64) -> Result<()> {
        self.update_(|x| x.add_scalar(other))
    }
}

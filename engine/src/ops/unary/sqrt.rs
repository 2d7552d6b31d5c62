//! `sqrt`: √x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Sqrt;

impl Unary for Sqrt {
    const NAME: &'static str = "sqrt";
    const WGSL: &'static [&'static str] = &[shader!("sqrt"), shader!("shared/nonfinite")];
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.sqrt()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.div(&cx.output()?.mul_scalar(2.0)?)
    }
}

impl Tensor {
    /// √x of each element: NaN below 0. The gradient at 0 is infinite. Integers become f32. [torch.sqrt](https://docs.pytorch.org/docs/stable/generated/torch.sqrt.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn sqrt(&self) -> Result<Self> {
        self.unary(Sqrt)
    }

    /// [`Tensor::sqrt`] in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn sqrt_(&self) -> Result<()> {
        self.update_(Self::sqrt)
    }
}

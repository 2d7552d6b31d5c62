//! `sqrt`: √x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Sqrt;

impl Unary for Sqrt {
    const NAME: &'static str = "sqrt";
    const WGSL: &'static [&'static str] = shader!("sqrt");
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.sqrt()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.div(&cx.output()?.mul_scalar(2.0)?)
    }
}

impl Tensor {
    /// Computes √x of each element: NaN below 0. The gradient at 0 is infinite. Integers become
    /// f32. [torch.sqrt](https://docs.pytorch.org/docs/stable/generated/torch.sqrt.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.sqrt()?.to_string(), "tensor([1.0000, 1.4142])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn sqrt(&self) -> Result<Self> {
        self.unary(Sqrt)
    }

    /// In-place version of [`Tensor::sqrt`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn sqrt_(&self) -> Result<()> {
        self.update_(Self::sqrt)
    }
}

//! `exp`: eˣ.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Exp;

impl Unary for Exp {
    const NAME: &'static str = "exp";
    const WGSL: &'static [&'static str] = shader!("exp");
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.exp()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.output()?)
    }
}

impl Tensor {
    /// Computes eˣ, element by element. Integers become f32.
    /// [torch.exp](https://docs.pytorch.org/docs/stable/generated/torch.exp.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.exp()?.to_string(), "tensor([1.0000, 2.7183])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn exp(&self) -> Result<Self> {
        self.unary(Exp)
    }

    /// In-place version of [`Tensor::exp`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn exp_(&self) -> Result<()> {
        self.update_(Self::exp)
    }
}

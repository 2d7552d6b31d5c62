//! `atan`: the inverse tangent.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Atan;

impl Unary for Atan {
    const NAME: &'static str = "atan";
    const WGSL: &'static [&'static str] = shader!("atan");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.atan()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.div(&cx.input(0)?.square()?.add_scalar(1.0)?)
    }
}

impl Tensor {
    /// Returns the inverse tangent of each element, between −π/2 and π/2. Integers become f32.
    /// [torch.atan](https://docs.pytorch.org/docs/stable/generated/torch.atan.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.atan()?.to_string(), "tensor([0.0000, 0.7854])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn atan(&self) -> Result<Self> {
        self.unary(Atan)
    }
}

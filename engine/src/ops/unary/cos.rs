//! `cos`: the cosine.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Cos;

impl Unary for Cos {
    const NAME: &'static str = "cos";
    const WGSL: &'static [&'static str] = &[shader!("cos"), shader!("shared/angle"), shader!("shared/nonfinite")];
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.cos()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.input(0)?.sin()?.neg()?)
    }
}

impl Tensor {
    /// The cosine of each element, an angle in radians. Integers become f32. [torch.cos](https://docs.pytorch.org/docs/stable/generated/torch.cos.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn cos(&self) -> Result<Self> {
        self.unary(Cos)
    }
}

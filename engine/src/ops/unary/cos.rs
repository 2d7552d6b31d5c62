//! `cos`: the cosine.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Cos;

impl Unary for Cos {
    const NAME: &'static str = "cos";
    const WGSL: &'static [&'static str] = shader!("cos");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.cos()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.input(0)?.sin()?.neg()?)
    }
}

impl Tensor {
    /// Returns the cosine of each element, an angle in radians. Integers become f32.
    /// [torch.cos](https://docs.pytorch.org/docs/stable/generated/torch.cos.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.cos()?.to_string(), "tensor([1.0000, 0.5403])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn cos(&self) -> Result<Self> {
        self.unary(Cos)
    }
}

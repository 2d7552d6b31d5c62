//! `sin`: the sine.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Sin;

impl Unary for Sin {
    const NAME: &'static str = "sin";
    const WGSL: &'static [&'static str] = shader!("sin");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.sin()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.input(0)?.cos()?)
    }
}

impl Tensor {
    /// Returns the sine of each element, an angle in radians. Integers become f32.
    /// [torch.sin](https://docs.pytorch.org/docs/stable/generated/torch.sin.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.sin()?.to_string(), "tensor([0.0000, 0.8415])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn sin(&self) -> Result<Self> {
        self.unary(Sin)
    }
}

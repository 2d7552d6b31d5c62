//! `log1p`: log(1 + x), exact for small x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Log1p;

impl Unary for Log1p {
    const NAME: &'static str = "log1p";
    const WGSL: &'static [&'static str] = shader!("log1p");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.ln_1p()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.div(&cx.input(0)?.add_scalar(1.0)?)
    }
}

impl Tensor {
    /// Computes log(1 + x) of each element, exact where 1 + x would round x away. Integers become
    /// f32. [torch.log1p](https://docs.pytorch.org/docs/stable/generated/torch.log1p.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.log1p()?.to_string(), "tensor([0.0000, 0.6931])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn log1p(&self) -> Result<Self> {
        self.unary(Log1p)
    }
}

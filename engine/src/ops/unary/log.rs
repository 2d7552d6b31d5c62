//! `log`: the natural logarithm.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Log;

impl Unary for Log {
    const NAME: &'static str = "log";
    const WGSL: &'static [&'static str] = shader!("log");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.ln()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.div(&cx.input(0)?)
    }
}

impl Tensor {
    /// Returns the natural logarithm of each element: −∞ at 0, NaN below. Integers become f32.
    /// [torch.log](https://docs.pytorch.org/docs/stable/generated/torch.log.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.log()?.to_string(), "tensor([0.0000, 0.6931])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn log(&self) -> Result<Self> {
        self.unary(Log)
    }

    /// In-place version of [`Tensor::log`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn log_(&self) -> Result<()> {
        self.update_(Self::log)
    }
}

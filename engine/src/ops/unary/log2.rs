//! `log2`: the logarithm to base 2.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Log2;

impl Unary for Log2 {
    const NAME: &'static str = "log2";
    const WGSL: &'static [&'static str] = shader!("log2");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.log2()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.div(&cx.input(0)?.mul_scalar(std::f64::consts::LN_2)?)
    }
}

impl Tensor {
    /// Returns the logarithm to base 2 of each element. Integers become f32.
    /// [torch.log2](https://docs.pytorch.org/docs/stable/generated/torch.log2.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 8.0], &cpu)?;
    /// assert_eq!(x.log2()?.to_string(), "tensor([0., 3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn log2(&self) -> Result<Self> {
        self.unary(Log2)
    }
}

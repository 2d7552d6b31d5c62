//! `rsqrt`: 1/√x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Rsqrt;

impl Unary for Rsqrt {
    const NAME: &'static str = "rsqrt";
    const WGSL: &'static [&'static str] = shader!("rsqrt");
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.sqrt().recip()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        let y = cx.output()?;
        grad.mul_scalar(-0.5)?.mul(&y.square()?.mul(&y)?)
    }
}

impl Tensor {
    /// Computes 1/√x of each element: ∞ at 0, NaN below. Integers become f32.
    /// [torch.rsqrt](https://docs.pytorch.org/docs/stable/generated/torch.rsqrt.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 4.0], &cpu)?;
    /// assert_eq!(x.rsqrt()?.to_string(), "tensor([1.0000, 0.5000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn rsqrt(&self) -> Result<Self> {
        self.unary(Rsqrt)
    }
}

//! `expm1`: eˣ − 1, exact for small x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Expm1;

impl Unary for Expm1 {
    const NAME: &'static str = "expm1";
    const WGSL: &'static [&'static str] = shader!("expm1");
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.exp_m1()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.output()?.add_scalar(1.0)?)
    }
}

impl Tensor {
    /// Computes eˣ − 1 of each element, exact where eˣ would round x away. Integers become f32.
    /// [torch.expm1](https://docs.pytorch.org/docs/stable/generated/torch.expm1.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.expm1()?.to_string(), "tensor([0.0000, 1.7183])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn expm1(&self) -> Result<Self> {
        self.unary(Expm1)
    }
}

//! `reciprocal`: 1/x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Reciprocal;

impl Unary for Reciprocal {
    const NAME: &'static str = "reciprocal";
    const WGSL: &'static [&'static str] = shader!("reciprocal");
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.recip()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.output()?.square()?.neg()?)
    }
}

impl Tensor {
    /// Computes 1/x of each element. Integers become f32.
    /// [torch.reciprocal](https://docs.pytorch.org/docs/stable/generated/torch.reciprocal.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 4.0], &cpu)?;
    /// assert_eq!(x.reciprocal()?.to_string(), "tensor([1.0000, 0.2500])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn reciprocal(&self) -> Result<Self> {
        self.unary(Reciprocal)
    }
}

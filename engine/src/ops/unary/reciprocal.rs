//! `reciprocal`: 1/x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Reciprocal;

impl Unary for Reciprocal {
    const NAME: &'static str = "reciprocal";
    const WGSL: &'static [&'static str] = &[shader!("reciprocal")];
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.recip()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.output()?.square()?.neg()?)
    }
}

impl Tensor {
    /// 1/x of each element. Integers become f32. [torch.reciprocal](https://docs.pytorch.org/docs/stable/generated/torch.reciprocal.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn reciprocal(&self) -> Result<Self> {
        self.unary(Reciprocal)
    }
}

//! `exp`: eˣ.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Exp;

impl Unary for Exp {
    const NAME: &'static str = "exp";
    const WGSL: &'static [&'static str] = &[shader!("exp"), shader!("shared/nonfinite")];
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.exp()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.output()?)
    }
}

impl Tensor {
    /// eˣ, element by element. Integers become f32. [torch.exp](https://docs.pytorch.org/docs/stable/generated/torch.exp.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn exp(&self) -> Result<Self> {
        self.unary(Exp)
    }

    /// [`Tensor::exp`] in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn exp_(&self) -> Result<()> {
        self.update_(Self::exp)
    }
}

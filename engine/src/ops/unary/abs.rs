//! `abs`: |x|.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Abs;

impl Unary for Abs {
    const NAME: &'static str = "abs";
    const WGSL: &'static [&'static str] = &[shader!("abs")];
    const SAVES: Saves = Saves::INPUT;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x.wrapping_abs());

    fn forward<T: Float>(&self, x: T) -> T {
        x.abs()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.input(0)?.sign()?)
    }
}

impl Tensor {
    /// |x|, element by element. The gradient at 0 is 0. [torch.abs](https://docs.pytorch.org/docs/stable/generated/torch.abs.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn abs(&self) -> Result<Self> {
        self.unary(Abs)
    }

    /// [`Tensor::abs`] in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn abs_(&self) -> Result<()> {
        self.update_(Self::abs)
    }
}

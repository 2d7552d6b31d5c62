//! `ceil`: the least whole number not below x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Ceil;

impl Unary for Ceil {
    const NAME: &'static str = "ceil";
    const WGSL: &'static [&'static str] = &[shader!("ceil")];
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x);

    fn forward<T: Float>(&self, x: T) -> T {
        x.ceil()
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.zeros_like()
    }
}

impl Tensor {
    /// The least whole number that is not below each element. The gradient is 0. [torch.ceil](https://docs.pytorch.org/docs/stable/generated/torch.ceil.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn ceil(&self) -> Result<Self> {
        self.unary(Ceil)
    }
}

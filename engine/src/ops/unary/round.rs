//! `round`: the nearest whole number, halves to the even one.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Round;

impl Unary for Round {
    const NAME: &'static str = "round";
    const WGSL: &'static [&'static str] = &[shader!("round")];
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x);

    fn forward<T: Float>(&self, x: T) -> T {
        x.round_ties_even()
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.zeros_like()
    }
}

impl Tensor {
    /// The nearest whole number to each element; halves go to the even one. The gradient is 0. [torch.round](https://docs.pytorch.org/docs/stable/generated/torch.round.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn round(&self) -> Result<Self> {
        self.unary(Round)
    }
}

//! `neg`: −x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::unary::Unary;

#[derive(Debug)]
struct Neg;

impl Unary for Neg {
    const NAME: &'static str = "neg";
    const WGSL: &'static [&'static str] = &[shader!("neg")];
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<fn(&Self, i32) -> i32> = Some(|_, x| x.wrapping_neg());

    fn forward<T: Float>(&self, x: T) -> T {
        -x
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.neg()
    }
}

impl Tensor {
    /// −x, element by element. [torch.neg](https://docs.pytorch.org/docs/stable/generated/torch.neg.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn neg(&self) -> Result<Self> {
        self.unary(Neg)
    }
}

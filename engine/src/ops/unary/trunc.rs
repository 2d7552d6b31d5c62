//! `trunc`: x without its fraction.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Trunc;

impl Unary for Trunc {
    const NAME: &'static str = "trunc";
    const WGSL: &'static [&'static str] = &[shader!("trunc")];
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x);

    fn forward<T: Float>(&self, x: T) -> T {
        x.trunc()
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.zeros_like()
    }
}

impl Tensor {
    /// Each element without its fraction. The gradient is 0. [torch.trunc](https://docs.pytorch.org/docs/stable/generated/torch.trunc.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn trunc(&self) -> Result<Self> {
        self.unary(Trunc)
    }
}

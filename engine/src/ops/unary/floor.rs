//! `floor`: the greatest whole number not above x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Floor;

impl Unary for Floor {
    const NAME: &'static str = "floor";
    const WGSL: &'static [&'static str] = &[shader!("floor")];
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x);

    fn forward<T: Float>(&self, x: T) -> T {
        x.floor()
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.zeros_like()
    }
}

impl Tensor {
    /// The greatest whole number that is not above each element. The gradient is 0. [torch.floor](https://docs.pytorch.org/docs/stable/generated/torch.floor.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn floor(&self) -> Result<Self> {
        self.unary(Floor)
    }
}

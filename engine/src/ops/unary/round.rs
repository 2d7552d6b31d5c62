//! `round`: the nearest integer, ties to even.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Round;

impl Unary for Round {
    const NAME: &'static str = "round";
    const WGSL: &'static [&'static str] = shader!("round");
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
    /// Computes the nearest integer to each element; ties go to the even one. The gradient is
    /// 0. [torch.round](https://docs.pytorch.org/docs/stable/generated/torch.round.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.5_f32, 1.5, 2.4], &cpu)?;
    /// assert_eq!(x.round()?.to_string(), "tensor([0., 2., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn round(&self) -> Result<Self> {
        self.unary(Round)
    }
}

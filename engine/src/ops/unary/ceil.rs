//! `ceil`: the smallest integer not below x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Ceil;

impl Unary for Ceil {
    const NAME: &'static str = "ceil";
    const WGSL: &'static [&'static str] = shader!("ceil");
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
    /// Computes the smallest integer not below each element. The gradient is 0.
    /// [torch.ceil](https://docs.pytorch.org/docs/stable/generated/torch.ceil.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.5_f32, 0.2], &cpu)?;
    /// assert_eq!(x.ceil()?.to_string(), "tensor([-1.,  1.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn ceil(&self) -> Result<Self> {
        self.unary(Ceil)
    }
}

//! `trunc`: x without its fractional part.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Trunc;

impl Unary for Trunc {
    const NAME: &'static str = "trunc";
    const WGSL: &'static [&'static str] = shader!("trunc");
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
    /// Returns each element without its fraction. The gradient is 0.
    /// [torch.trunc](https://docs.pytorch.org/docs/stable/generated/torch.trunc.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.7_f32, 1.7], &cpu)?;
    /// assert_eq!(x.trunc()?.to_string(), "tensor([-1.,  1.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn trunc(&self) -> Result<Self> {
        self.unary(Trunc)
    }
}

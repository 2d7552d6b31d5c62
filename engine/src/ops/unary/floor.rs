//! `floor`: the largest integer not above x.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Floor;

impl Unary for Floor {
    const NAME: &'static str = "floor";
    const WGSL: &'static [&'static str] = shader!("floor");
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
    /// Computes the largest integer not above each element. The gradient is 0.
    /// [torch.floor](https://docs.pytorch.org/docs/stable/generated/torch.floor.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.5_f32, 0.2], &cpu)?;
    /// assert_eq!(x.floor()?.to_string(), "tensor([-2.,  0.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn floor(&self) -> Result<Self> {
        self.unary(Floor)
    }
}

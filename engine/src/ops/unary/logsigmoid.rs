//! `logsigmoid`: log(sigmoid(x)).

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;

#[derive(Debug)]
struct Logsigmoid;

impl Unary for Logsigmoid {
    const NAME: &'static str = "logsigmoid";
    const WGSL: &'static [&'static str] = shader!("logsigmoid");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.min(T::c(0.0)) - (-x.abs()).exp().ln_1p() + if x.is_nan() { x } else { T::c(0.0) }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.input(0)?.neg()?.sigmoid()?)
    }
}

impl Tensor {
    /// Computes log(sigmoid(x)) = −log(1 + exp(−x)) of each element, without overflow.
    /// [torch.nn.functional.logsigmoid](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.logsigmoid()?.to_string(), "tensor([-0.6931, -0.1269])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn logsigmoid(&self) -> Result<Self> {
        self.unary(Logsigmoid)
    }
}

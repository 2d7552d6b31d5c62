//! `sign`: −1, 0 or 1.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Sign;

impl Unary for Sign {
    const NAME: &'static str = "sign";
    const WGSL: &'static [&'static str] = shader!("sign");
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x.signum());

    fn forward<T: Float>(&self, x: T) -> T {
        let one = |yes: bool| if yes { T::c(1.0) } else { T::c(0.0) };
        one(x > T::c(0.0)) - one(x < T::c(0.0))
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.zeros_like()
    }
}

impl Tensor {
    /// Computes −1, 0 or 1, element by element; of NaN it is 0. The gradient is 0.
    /// [torch.sign](https://docs.pytorch.org/docs/stable/generated/torch.sign.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-3.0_f32, 0.0, 2.0], &cpu)?;
    /// assert_eq!(x.sign()?.to_string(), "tensor([-1.,  0.,  1.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn sign(&self) -> Result<Self> {
        self.unary(Sign)
    }
}

//! `square`: x².

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Square;

impl Unary for Square {
    const NAME: &'static str = "square";
    const WGSL: &'static [&'static str] = shader!("square");
    const SAVES: Saves = Saves::INPUT;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x.wrapping_mul(x));

    fn forward<T: Float>(&self, x: T) -> T {
        x * x
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.input(0)?.mul_scalar(2.0)?)
    }
}

impl Tensor {
    /// Computes x², element by element.
    /// [torch.square](https://docs.pytorch.org/docs/stable/generated/torch.square.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-3.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.square()?.to_string(), "tensor([9., 4.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn square(&self) -> Result<Self> {
        self.unary(Square)
    }
}

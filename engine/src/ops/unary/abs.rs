//! `abs`: |x|.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Abs;

impl Unary for Abs {
    const NAME: &'static str = "abs";
    const WGSL: &'static [&'static str] = shader!("abs");
    const SAVES: Saves = Saves::INPUT;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x.wrapping_abs());

    fn forward<T: Float>(&self, x: T) -> T {
        x.abs()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.mul(&cx.input(0)?.sign()?)
    }
}

impl Tensor {
    /// Computes |x|, element by element. The gradient at 0 is 0.
    /// [torch.abs](https://docs.pytorch.org/docs/stable/generated/torch.abs.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.5_f32, 0.0, 2.0], &cpu)?;
    /// assert_eq!(x.abs()?.to_string(), "tensor([1.5000, 0.0000, 2.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn abs(&self) -> Result<Self> {
        self.unary(Abs)
    }

    /// In-place version of [`Tensor::abs`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn abs_(&self) -> Result<()> {
        self.update_(Self::abs)
    }
}

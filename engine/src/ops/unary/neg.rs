//! `neg`: −x.

use crate::device::{DType, Float};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Error, Result, shader};

use super::{Unary, UnaryInts};

#[derive(Debug)]
struct Neg;

impl Unary for Neg {
    const NAME: &'static str = "neg";
    const WGSL: &'static [&'static str] = shader!("neg");
    const SAVES: Saves = Saves::NOTHING;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x.wrapping_neg());

    fn forward<T: Float>(&self, x: T) -> T {
        -x
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.neg()
    }
}

impl Tensor {
    /// Computes −x, element by element; also written `-&x`.
    /// [torch.neg](https://docs.pytorch.org/docs/stable/generated/torch.neg.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, -2.0], &cpu)?;
    /// assert_eq!(x.neg()?.to_string(), "tensor([-1.,  2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Bools have no negative.
    pub fn neg(&self) -> Result<Self> {
        if self.dtype() == DType::Bool {
            return Err(Error::dtype("neg", "bools have no negative; use logical_not"));
        }
        self.unary(Neg)
    }

    /// In-place version of [`Tensor::neg`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn neg_(&self) -> Result<()> {
        self.update_(Self::neg)
    }
}

//! `mish`: x·tanh(softplus(x)).

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct Mish;

impl Unary for Mish {
    const NAME: &'static str = "mish";
    const WGSL: &'static [&'static str] = shader!("mish");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x * gate(x)
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, MishBackward)
    }
}

/// Gradient of mish: `grad`·(t + x·s·(1 − t²)) with t = tanh(softplus x), s = sigmoid x.
#[derive(Debug)]
struct MishBackward;

impl Binary for MishBackward {
    const NAME: &'static str = "mish_backward";
    const WGSL: &'static [&'static str] = Mish::WGSL;
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        let t = gate(x);
        let s = T::c(1.0) / (T::c(1.0) + (-x).exp());
        grad * (t + x * s * (T::c(1.0) - t * t))
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let x = cx.input(1)?;
        let first = if cx.needs(0) { Some(grad.binary(&x, Self)?) } else { None };
        if !cx.needs(1) {
            return Ok([first, None]);
        }
        // With t = tanh(softplus x), s = sigmoid x, t′ = s·(1 − t²): f″ = 2t′ + x·t′·(1 − s −
        // 2·t·s).
        let t = x.softplus(1.0, 20.0)?.tanh()?;
        let s = x.sigmoid()?;
        let rise = s.mul(&t.square()?.rsub_scalar(1.0)?)?;
        let bend = s.mul(&t)?.mul_scalar(-2.0)?.sub(&s)?.add_scalar(1.0)?;
        let slope = rise.mul(&x.mul(&bend)?.add_scalar(2.0)?)?;
        Ok([first, Some(grad.mul(&cx.input(0)?)?.mul(&slope)?)])
    }
}

/// Computes tanh(log(1 + n)) = (n² + 2n)/(n² + 2n + 2) with n = exp(x); 1 to the last bit of f64
/// from x = 20 on.
fn gate<T: Float>(x: T) -> T {
    let n = x.min(T::c(20.0)).exp();
    let square = n * (n + T::c(2.0));
    square / (square + T::c(2.0))
}

impl Tensor {
    /// Computes x·tanh(softplus(x)), element by element.
    /// [torch.nn.functional.mish](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mish.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.mish()?.to_string(), "tensor([0.0000, 0.8651])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn mish(&self) -> Result<Self> {
        self.unary(Mish)
    }
}

//! `silu`: x·sigmoid(x), also called swish.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct Silu;

impl Unary for Silu {
    const NAME: &'static str = "silu";
    const WGSL: &'static [&'static str] = shader!("silu");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x / (T::c(1.0) + (-x).exp())
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, SiluBackward)
    }
}

/// Gradient of silu: `grad`·s·(1 + x·(1 − s)) with s = sigmoid(x).
#[derive(Debug)]
struct SiluBackward;

impl Binary for SiluBackward {
    const NAME: &'static str = "silu_backward";
    const WGSL: &'static [&'static str] = Silu::WGSL;
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        let s = T::c(1.0) / (T::c(1.0) + (-x).exp());
        grad * (s * (T::c(1.0) + x * (T::c(1.0) - s)))
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let x = cx.input(1)?;
        let first = if cx.needs(0) { Some(grad.binary(&x, Self)?) } else { None };
        if !cx.needs(1) {
            return Ok([first, None]);
        }
        // f″ = s·(1 − s)·(2 + x·(1 − 2s)) with s = sigmoid(x).
        let s = x.sigmoid()?;
        let bend = x.mul(&s.mul_scalar(-2.0)?.add_scalar(1.0)?)?.add_scalar(2.0)?;
        let slope = s.mul(&s.rsub_scalar(1.0)?)?.mul(&bend)?;
        Ok([first, Some(grad.mul(&cx.input(0)?)?.mul(&slope)?)])
    }
}

impl Tensor {
    /// Computes x·sigmoid(x), element by element; NaN at −∞, like −∞·0.
    /// [torch.nn.functional.silu](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.silu.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.silu()?.to_string(), "tensor([0.0000, 0.7311])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn silu(&self) -> Result<Self> {
        self.unary(Silu)
    }

    /// In-place version of [`Tensor::silu`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn silu_(&self) -> Result<()> {
        self.update_(|x| x.silu())
    }
}

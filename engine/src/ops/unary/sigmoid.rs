//! `sigmoid`: 1/(1 + exp(−x)).

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct Sigmoid;

impl Unary for Sigmoid {
    const NAME: &'static str = "sigmoid";
    const WGSL: &'static [&'static str] = shader!("sigmoid");
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        T::c(1.0) / (T::c(1.0) + (-x).exp())
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.output()?, SigmoidBackward)
    }
}

/// Gradient of sigmoid from its output y: `grad`·y·(1 − y).
#[derive(Debug)]
struct SigmoidBackward;

impl Binary for SigmoidBackward {
    const NAME: &'static str = "sigmoid_backward";
    const WGSL: &'static [&'static str] = Sigmoid::WGSL;
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, grad: T, y: T) -> T {
        grad * (y * (T::c(1.0) - y))
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let y = cx.input(1)?;
        let first = if cx.needs(0) { Some(grad.binary(&y, Self)?) } else { None };
        if !cx.needs(1) {
            return Ok([first, None]);
        }
        let slope = y.mul_scalar(-2.0)?.add_scalar(1.0)?;
        Ok([first, Some(grad.mul(&cx.input(0)?)?.mul(&slope)?)])
    }
}

impl Tensor {
    /// Computes 1/(1 + exp(−x)), element by element.
    /// [torch.sigmoid](https://docs.pytorch.org/docs/stable/generated/torch.sigmoid.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.sigmoid()?.to_string(), "tensor([0.5000, 0.8808])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn sigmoid(&self) -> Result<Self> {
        self.unary(Sigmoid)
    }

    /// In-place version of [`Tensor::sigmoid`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn sigmoid_(&self) -> Result<()> {
        self.update_(|x| x.sigmoid())
    }
}

//! `tanh`: the hyperbolic tangent.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct Tanh;

impl Unary for Tanh {
    const NAME: &'static str = "tanh";
    const WGSL: &'static [&'static str] = shader!("tanh");
    const SAVES: Saves = Saves::OUTPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        x.tanh_in_line()
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.output()?, TanhBackward)
    }
}

/// Gradient of tanh from its output y: `grad`·(1 − y²).
#[derive(Debug)]
struct TanhBackward;

impl Binary for TanhBackward {
    const NAME: &'static str = "tanh_backward";
    const WGSL: &'static [&'static str] = Tanh::WGSL;
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, grad: T, y: T) -> T {
        grad * (T::c(1.0) - y * y)
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let y = cx.input(1)?;
        let first = if cx.needs(0) { Some(grad.binary(&y, Self)?) } else { None };
        if !cx.needs(1) {
            return Ok([first, None]);
        }
        let slope = y.mul_scalar(-2.0)?;
        Ok([first, Some(grad.mul(&cx.input(0)?)?.mul(&slope)?)])
    }
}

impl Tensor {
    /// Returns the hyperbolic tangent of each element.
    /// [torch.tanh](https://docs.pytorch.org/docs/stable/generated/torch.tanh.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.tanh()?.to_string(), "tensor([0.0000, 0.7616])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn tanh(&self) -> Result<Self> {
        self.unary(Tanh)
    }

    /// In-place version of [`Tensor::tanh`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn tanh_(&self) -> Result<()> {
        self.update_(|x| x.tanh())
    }
}

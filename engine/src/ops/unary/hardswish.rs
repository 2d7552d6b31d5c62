//! `hardswish`: x·relu6(x + 3)/6.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct Hardswish;

impl Unary for Hardswish {
    const NAME: &'static str = "hardswish";
    const WGSL: &'static [&'static str] = shader!("hardswish");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        let gate = (x + T::c(3.0)).max(T::c(0.0)).min(T::c(6.0)) / T::c(6.0);
        x * gate
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, HardswishBackward)
    }
}

/// Gradient of hardswish: 0 up to −3, `grad`·(x/3 + ½) between, `grad` from 3 on.
#[derive(Debug)]
struct HardswishBackward;

impl Binary for HardswishBackward {
    const NAME: &'static str = "hardswish_backward";
    const WGSL: &'static [&'static str] = Hardswish::WGSL;
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        if x <= T::c(-3.0) {
            T::c(0.0)
        } else if x >= T::c(3.0) {
            grad
        } else {
            grad * (x / T::c(3.0) + T::c(0.5))
        }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let x = cx.input(1)?;
        let first = if cx.needs(0) { Some(grad.binary(&x, Self)?) } else { None };
        if !cx.needs(1) {
            return Ok([first, None]);
        }
        // f″ = 1/3 between −3 and 3.
        let inside = x.abs()?.lt_scalar(3.0)?;
        let slope = inside.to_dtype(x.dtype())?.mul_scalar(1.0 / 3.0)?;
        Ok([first, Some(grad.mul(&cx.input(0)?)?.mul(&slope)?)])
    }
}

impl Tensor {
    /// Computes x·min(max(x + 3, 0), 6)/6, element by element.
    /// [torch.nn.functional.hardswish](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardswish.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-4.0_f32, 1.0, 4.0], &cpu)?;
    /// assert_eq!(x.hardswish()?.to_string(), "tensor([-0.0000, 0.6667, 4.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn hardswish(&self) -> Result<Self> {
        self.unary(Hardswish)
    }
}

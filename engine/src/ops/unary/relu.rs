//! `relu`: max(x, 0). The gradient at 0 is 0, and NaN stays NaN.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Unary, UnaryInts};
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct Relu;

impl Unary for Relu {
    const NAME: &'static str = "relu";
    const WGSL: &'static [&'static str] = shader!("relu");
    const SAVES: Saves = Saves::OUTPUT;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x.max(0));

    fn forward<T: Float>(&self, x: T) -> T {
        if x <= T::c(0.0) { T::c(0.0) } else { x }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.output()?, ReluBackward)
    }
}

/// Gradient of relu from its output: `grad` if that is positive, else 0.
#[derive(Debug)]
struct ReluBackward;

impl Binary for ReluBackward {
    const NAME: &'static str = "relu_backward";
    const WGSL: &'static [&'static str] = Relu::WGSL;
    const SAVES: Saves = Saves::inputs(&[1]);
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, grad: T, y: T) -> T {
        if y <= T::c(0.0) { T::c(0.0) } else { grad }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        // Piecewise linear: the second derivative is 0.
        Ok([Some(grad.binary(&cx.input(1)?, Self)?), None])
    }
}

impl Tensor {
    /// Computes max(x, 0), element by element.
    /// [torch.relu](https://docs.pytorch.org/docs/stable/generated/torch.relu.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.relu()?.to_string(), "tensor([0., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn relu(&self) -> Result<Self> {
        self.unary(Relu)
    }

    /// In-place version of [`Tensor::relu`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn relu_(&self) -> Result<()> {
        self.update_(|x| x.relu())
    }
}

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
    const WGSL: &'static [&'static str] = &[shader!("relu")];
    const SAVES: Saves = Saves::OUTPUT;
    const INT: Option<UnaryInts<Self>> = of_ints!(|_, x| x.max(0));

    fn forward<T: Float>(&self, x: T) -> T {
        if x <= T::c(0.0) { T::c(0.0) } else { x }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.output()?, ReluBackward)
    }
}

/// The gradient of relu from its output: `grad` where that is positive, else 0.
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
        // Piecewise linear: nothing flows to where the pieces meet.
        Ok([Some(grad.binary(&cx.input(1)?, Self)?), None])
    }
}

impl Tensor {
    /// max(x, 0), element by element.
    /// [torch.relu](https://docs.pytorch.org/docs/stable/generated/torch.relu.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn relu(&self) -> Result<Self> {
        self.unary(Relu)
    }

    /// [`Tensor::relu`] in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn relu_(&self) -> Result<()> {
        self.update_(|x| x.relu())
    }
}

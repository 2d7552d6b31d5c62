//! `leaky_relu`: x where it is positive, else slope·x.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct LeakyRelu {
    negative_slope: f64,
}

impl Unary for LeakyRelu {
    const NAME: &'static str = "leaky_relu";
    const WGSL: &'static [&'static str] = &[shader!("leaky_relu")];
    const SAVES: Saves = Saves::INPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.negative_slope)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        if x > T::c(0.0) { x } else { x * T::c(self.negative_slope) }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, LeakyReluBackward { negative_slope: self.negative_slope })
    }
}

/// The gradient of leaky_relu: `grad` where x is positive, else `grad`·slope.
#[derive(Debug)]
struct LeakyReluBackward {
    negative_slope: f64,
}

impl Binary for LeakyReluBackward {
    const NAME: &'static str = "leaky_relu_backward";
    const WGSL: &'static [&'static str] = LeakyRelu::WGSL;
    const SAVES: Saves = Saves::inputs(&[1]);
    const INT: Option<BinaryInts<Self>> = None;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.negative_slope)]
    }

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        if x > T::c(0.0) { grad } else { grad * T::c(self.negative_slope) }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        // Piecewise linear: nothing flows to where the pieces meet.
        Ok([Some(grad.binary(&cx.input(1)?, Self { negative_slope: self.negative_slope })?), None])
    }
}

impl Tensor {
    /// x where it is positive, else `negative_slope`·x. The gradient at 0 is `negative_slope`.
    /// [torch.nn.functional.leaky_relu](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn leaky_relu(&self, negative_slope: f64) -> Result<Self> {
        self.unary(LeakyRelu { negative_slope })
    }

    /// [`Tensor::leaky_relu`] in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn leaky_relu_(&self, negative_slope: f64) -> Result<()> {
        self.update_(|x| x.leaky_relu(negative_slope))
    }
}

//! `leaky_relu`: x if it is positive, else slope·x.

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
    const WGSL: &'static [&'static str] = shader!("leaky_relu");
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

/// Gradient of leaky_relu: `grad` if x is positive, else `grad`·slope.
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
        // Piecewise linear: the second derivative is 0.
        Ok([Some(grad.binary(&cx.input(1)?, Self { negative_slope: self.negative_slope })?), None])
    }
}

impl Tensor {
    /// Computes x if it is positive, else `negative_slope`·x, element by element. The gradient at 0
    /// is `negative_slope`.
    /// [torch.nn.functional.leaky_relu](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.leaky_relu(0.1)?.to_string(), "tensor([-0.1000,  2.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn leaky_relu(&self, negative_slope: f64) -> Result<Self> {
        self.unary(LeakyRelu { negative_slope })
    }

    /// In-place version of [`Tensor::leaky_relu`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn leaky_relu_(&self, negative_slope: f64) -> Result<()> {
        self.update_(|x| x.leaky_relu(negative_slope))
    }
}

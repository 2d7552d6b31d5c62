//! `hardsigmoid`: relu6(x + 3)/6.

use crate::device::Float;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct Hardsigmoid;

impl Unary for Hardsigmoid {
    const NAME: &'static str = "hardsigmoid";
    const WGSL: &'static [&'static str] = shader!("hardsigmoid");
    const SAVES: Saves = Saves::INPUT;

    fn forward<T: Float>(&self, x: T) -> T {
        (x + T::c(3.0)).max(T::c(0.0)).min(T::c(6.0)) / T::c(6.0) + if x.is_nan() { x } else { T::c(0.0) }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, HardsigmoidBackward)
    }
}

/// Gradient of hardsigmoid: `grad`/6 between −3 and 3, else 0.
#[derive(Debug)]
struct HardsigmoidBackward;

impl Binary for HardsigmoidBackward {
    const NAME: &'static str = "hardsigmoid_backward";
    const WGSL: &'static [&'static str] = Hardsigmoid::WGSL;
    const SAVES: Saves = Saves::inputs(&[1]);
    const INT: Option<BinaryInts<Self>> = None;

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        if x > T::c(-3.0) && x < T::c(3.0) { grad / T::c(6.0) } else { T::c(0.0) }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        // Piecewise linear: the second derivative is 0.
        Ok([Some(grad.binary(&cx.input(1)?, Self)?), None])
    }
}

impl Tensor {
    /// Computes min(max(x + 3, 0), 6)/6, element by element. The gradient at −3 and 3 is 0.
    /// [torch.nn.functional.hardsigmoid](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardsigmoid.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-4.0_f32, 0.0, 4.0], &cpu)?;
    /// assert_eq!(x.hardsigmoid()?.to_string(), "tensor([0.0000, 0.5000, 1.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn hardsigmoid(&self) -> Result<Self> {
        self.unary(Hardsigmoid)
    }
}

//! `clamp_min`: max(x, min), the lower bound of [`Tensor::clamp`].

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct ClampMin {
    min: f64,
}

impl Unary for ClampMin {
    const NAME: &'static str = "clamp_min";
    const WGSL: &'static [&'static str] = shader!("clamp_min");
    const SAVES: Saves = Saves::INPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.min)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        let bound = T::c(self.min);
        if x < bound { bound } else { x }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, ClampMinBackward { min: self.min })
    }
}

/// Gradient of clamp_min: `grad` strictly above the bound, else 0.
#[derive(Debug)]
struct ClampMinBackward {
    min: f64,
}

impl Binary for ClampMinBackward {
    const NAME: &'static str = "clamp_min_backward";
    const WGSL: &'static [&'static str] = ClampMin::WGSL;
    const SAVES: Saves = Saves::inputs(&[1]);
    const INT: Option<BinaryInts<Self>> = None;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.min)]
    }

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        if x > T::c(self.min) { grad } else { T::c(0.0) }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        // Piecewise linear: the second derivative is 0.
        Ok([Some(grad.binary(&cx.input(1)?, Self { min: self.min })?), None])
    }
}

impl Tensor {
    /// Computes max(x, `min`), element by element. NaN stays NaN; the gradient at the bound is 0.
    /// Integers stay integers if the bound is whole.
    /// [torch.clamp](https://docs.pytorch.org/docs/stable/generated/torch.clamp.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.0_f32, 3.0], &cpu)?;
    /// assert_eq!(x.clamp_min(0.0)?.to_string(), "tensor([0., 3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn clamp_min(&self, min: f64) -> Result<Self> {
        if self.computes_in_integers_with(min) {
            return self.maximum(&self.number_like(min)?);
        }
        self.unary(ClampMin { min })
    }
}

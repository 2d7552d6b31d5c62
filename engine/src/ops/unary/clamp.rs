//! `clamp`: min(max(x, min), max), with at least one of the bounds.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Error, Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Clone, Debug)]
struct Clamp {
    min: f64,
    max: f64,
}

impl Unary for Clamp {
    const NAME: &'static str = "clamp";
    const WGSL: &'static [&'static str] = shader!("clamp");
    const SAVES: Saves = Saves::INPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.min), Scalar::Float(self.max)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        let (min, max) = (T::c(self.min), T::c(self.max));
        let x = if x < min { min } else { x };
        if x > max { max } else { x }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, ClampBackward(self.clone()))
    }
}

/// Gradient of clamp: `grad` strictly between the bounds, else 0.
#[derive(Debug)]
struct ClampBackward(Clamp);

impl Binary for ClampBackward {
    const NAME: &'static str = "clamp_backward";
    const WGSL: &'static [&'static str] = Clamp::WGSL;
    const SAVES: Saves = Saves::inputs(&[1]);
    const INT: Option<BinaryInts<Self>> = None;

    fn scalars(&self) -> Scalars {
        self.0.scalars()
    }

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        if x > T::c(self.0.min) && x < T::c(self.0.max) { grad } else { T::c(0.0) }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        // Piecewise linear: the second derivative is 0.
        Ok([Some(grad.binary(&cx.input(1)?, Self(self.0.clone()))?), None])
    }
}

impl Tensor {
    /// Computes min(max(x, `min`), `max`), element by element; `None` is no bound. NaN stays NaN,
    /// `min` above `max` gives `max`, and the gradient at a bound is 0. Integers stay integers if
    /// the bounds are integral.
    /// [torch.clamp](https://docs.pytorch.org/docs/stable/generated/torch.clamp.html)
    ///
    /// ```
    /// # use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[-2.0f32, 0.5, 7.0], [3], &Device::cpu())?;
    /// assert_eq!(block_on(x.clamp(Some(0.0), Some(1.0))?.to_vec::<f32>())?, [0.0, 0.5, 1.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Neither bound is given.
    pub fn clamp(&self, min: Option<f64>, max: Option<f64>) -> Result<Self> {
        match (min, max) {
            (Some(min), Some(max)) if self.computes_in_integers_with(min) && self.computes_in_integers_with(max) => {
                self.clamp_min(min)?.clamp_max(max)
            }
            (Some(min), Some(max)) => self.unary(Clamp { min, max }),
            (Some(min), None) => self.clamp_min(min),
            (None, Some(max)) => self.clamp_max(max),
            (None, None) => Err(Error::value("clamp", "at least one of min and max must be given")),
        }
    }

    /// In-place version of [`Tensor::clamp`].
    ///
    /// # Errors
    /// As [`Tensor::clamp`] and [`Tensor::copy_`].
    pub fn clamp_(&self, min: Option<f64>, max: Option<f64>) -> Result<()> {
        self.update_(|x| x.clamp(min, max))
    }
}

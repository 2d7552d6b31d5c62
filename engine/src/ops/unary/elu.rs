//! `elu`: x if it is positive, else α·(exp(x) − 1).

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct Elu {
    alpha: f64,
}

impl Unary for Elu {
    const NAME: &'static str = "elu";
    const WGSL: &'static [&'static str] = shader!("elu");
    const SAVES: Saves = Saves::INPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.alpha)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        if x > T::c(0.0) { x } else { T::c(self.alpha) * x.exp_m1() }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, EluBackward { alpha: self.alpha })
    }
}

/// Gradient of elu: `grad` if x is positive, else `grad`·α·exp(x).
#[derive(Debug)]
struct EluBackward {
    alpha: f64,
}

impl Binary for EluBackward {
    const NAME: &'static str = "elu_backward";
    const WGSL: &'static [&'static str] = Elu::WGSL;
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.alpha)]
    }

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        if x > T::c(0.0) { grad } else { grad * T::c(self.alpha) * x.exp() }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let x = cx.input(1)?;
        let first = if cx.needs(0) { Some(grad.binary(&x, Self { alpha: self.alpha })?) } else { None };
        if !cx.needs(1) {
            return Ok([first, None]);
        }
        // f″ = α·exp(x) for x ≤ 0; exp of positive elements could overflow for nothing.
        let bend = x.clamp(None, Some(0.0))?.exp()?.mul_scalar(self.alpha)?;
        let slope = bend.masked_fill(&x.gt_scalar(0.0)?, 0.0)?;
        Ok([first, Some(grad.mul(&cx.input(0)?)?.mul(&slope)?)])
    }
}

impl Tensor {
    /// Computes x if it is positive, else α·(exp(x) − 1), element by element. The gradient at 0 is
    /// α.
    /// [torch.nn.functional.elu](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.elu.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.elu(1.0)?.to_string(), "tensor([-0.6321,  2.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn elu(&self, alpha: f64) -> Result<Self> {
        self.unary(Elu { alpha })
    }

    /// In-place version of [`Tensor::elu`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn elu_(&self, alpha: f64) -> Result<()> {
        self.update_(|x| x.elu(alpha))
    }
}

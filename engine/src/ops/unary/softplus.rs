//! `softplus`: log(1 + exp(β·x))/β, and x itself beyond a threshold.

use smallvec::smallvec;

use crate::device::Float;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use super::Unary;
use crate::ops::binary::{Binary, BinaryInts};

#[derive(Debug)]
struct Softplus {
    beta: f64,
    threshold: f64,
}

impl Unary for Softplus {
    const NAME: &'static str = "softplus";
    const WGSL: &'static [&'static str] = shader!("softplus");
    const SAVES: Saves = Saves::INPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.beta), Scalar::Float(self.threshold)]
    }

    fn forward<T: Float>(&self, x: T) -> T {
        let scaled = x * T::c(self.beta);
        if scaled > T::c(self.threshold) {
            return x;
        }
        // log(1 + eᶻ) = max(z, 0) + log(1 + exp(−|z|)): exp cannot overflow.
        (scaled.max(T::c(0.0)) + (-scaled.abs()).exp().ln_1p()) / T::c(self.beta)
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor> {
        grad.binary(&cx.input(0)?, SoftplusBackward { beta: self.beta, threshold: self.threshold })
    }
}

/// Gradient of softplus: `grad`·sigmoid(β·x), or `grad` beyond the threshold.
#[derive(Debug)]
struct SoftplusBackward {
    beta: f64,
    threshold: f64,
}

impl Binary for SoftplusBackward {
    const NAME: &'static str = "softplus_backward";
    const WGSL: &'static [&'static str] = Softplus::WGSL;
    const SAVES: Saves = Saves::INPUTS;
    const INT: Option<BinaryInts<Self>> = None;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.beta), Scalar::Float(self.threshold)]
    }

    fn forward<T: Float>(&self, grad: T, x: T) -> T {
        let scaled = x * T::c(self.beta);
        if scaled > T::c(self.threshold) { grad } else { grad / (T::c(1.0) + (-scaled).exp()) }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let x = cx.input(1)?;
        let first = if cx.needs(0) {
            Some(grad.binary(&x, Self { beta: self.beta, threshold: self.threshold })?)
        } else {
            None
        };
        if !cx.needs(1) {
            return Ok([first, None]);
        }
        // f″ = β·s·(1 − s) with s = sigmoid(β·x), and 0 beyond the threshold.
        let scaled = x.mul_scalar(self.beta)?;
        let s = scaled.sigmoid()?;
        let bend = s.mul(&s.rsub_scalar(1.0)?)?.mul_scalar(self.beta)?;
        let slope = bend.masked_fill(&scaled.gt_scalar(self.threshold)?, 0.0)?;
        Ok([first, Some(grad.mul(&cx.input(0)?)?.mul(&slope)?)])
    }
}

impl Tensor {
    /// Computes log(1 + exp(β·x))/β, element by element, and x itself where β·x exceeds
    /// `threshold`. PyTorch's defaults are 1 and 20.
    /// [torch.nn.functional.softplus](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softplus.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 30.0], &cpu)?;
    /// assert_eq!(x.softplus(1.0, 20.0)?.to_string(), "tensor([ 0.6931, 30.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn softplus(&self, beta: f64, threshold: f64) -> Result<Self> {
        self.unary(Softplus { beta, threshold })
    }
}

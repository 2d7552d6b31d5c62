//! `var` and `std`: Σ (x − mean)² / (n − correction) over dimensions, and its root.

use smallvec::smallvec;

use crate::device::Element;
use crate::tensor::{Saves, Scalar, Scalars, Tensor, Vjp};
use crate::{Result, shader};

use super::{Reduce, signed, sum_of};

#[derive(Clone, Debug)]
struct Var {
    correction: f64,
}

#[derive(Clone, Debug)]
struct Std {
    correction: f64,
}

/// Returns the mean of a run and the sum of squared deviations from it.
pub(crate) fn moments<T: Element>(run: &[T]) -> (f64, f64) {
    let mean = sum_of(run, |x| x) / run.len() as f64;
    (mean, sum_of(run, |x| (x - mean) * (x - mean)))
}

fn variance<T: Element>(run: &[T], correction: f64) -> f64 {
    moments(run).1 / (run.len() as f64 - correction).max(0.0)
}

impl Reduce for Var {
    const NAME: &'static str = "var";
    const WGSL: &'static [&'static str] = shader!("var");
    const ACC_WORDS: usize = 3;
    const SAVES: Saves = Saves::INPUT;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.correction)]
    }

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = variance(run, self.correction);
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, dims: &[usize]) -> Result<Tensor> {
        backward(&cx.input(0)?, grad, dims, self.correction)
    }
}

impl Reduce for Std {
    const NAME: &'static str = "std";
    const WGSL: &'static [&'static str] = shader!("std");
    const ACC_WORDS: usize = 3;
    const SAVES: Saves = Saves::INPUT.and_output();

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.correction)]
    }

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = variance(run, self.correction).sqrt();
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, dims: &[usize]) -> Result<Tensor> {
        // For a deviation of 0 the formula is 0/0; PyTorch gives 0.
        let std = cx.output()?;
        let grad = grad.div(&std.mul_scalar(2.0)?)?.masked_fill(&std.eq_scalar(0.0)?, 0.0)?;
        backward(&cx.input(0)?, &grad, dims, self.correction)
    }
}

/// Computes the gradient of the variance: 2 (x − mean) / (n − correction).
fn backward(x: &Tensor, grad: &Tensor, dims: &[usize], correction: f64) -> Result<Tensor> {
    let n = x.count_over(dims) as f64;
    let deviation = x.sub(&x.mean_dim(&signed(dims), true)?)?;
    grad.mul_scalar(2.0 / (n - correction))?.mul(&deviation)
}

impl Tensor {
    /// Computes the variance over `dims`, which are removed, or kept with size 1: Σ (x − mean)² /
    /// (n − correction).
    /// [torch.var](https://docs.pytorch.org/docs/stable/generated/torch.var.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 3.0]], &cpu)?;
    /// assert_eq!(x.var_dim(&[1], 1.0, false)?.to_string(), "tensor([2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not floating point; a dimension is out of range or repeated.
    pub fn var_dim(&self, dims: &[isize], correction: f64, keepdim: bool) -> Result<Self> {
        self.float_only("var")?.reduce(Var { correction }, over_all_if_none(dims), keepdim)
    }

    /// Computes the variance of all elements.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.var(1.0)?.to_string(), "tensor(1.)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not floating point.
    pub fn var(&self, correction: f64) -> Result<Self> {
        self.var_dim(&[], correction, false)
    }

    /// Computes the standard deviation over `dims`, which are removed, or kept with size 1: the
    /// root of the variance. For a deviation of 0 the gradient is 0.
    /// [torch.std](https://docs.pytorch.org/docs/stable/generated/torch.std.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 3.0]], &cpu)?;
    /// assert_eq!(x.std_dim(&[1], 1.0, false)?.to_string(), "tensor([1.4142])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not floating point; a dimension is out of range or repeated.
    pub fn std_dim(&self, dims: &[isize], correction: f64, keepdim: bool) -> Result<Self> {
        self.float_only("std")?.reduce(Std { correction }, over_all_if_none(dims), keepdim)
    }

    /// Computes the standard deviation of all elements.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.std(1.0)?.to_string(), "tensor(1.)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not floating point.
    pub fn std(&self, correction: f64) -> Result<Self> {
        self.std_dim(&[], correction, false)
    }
}

/// Interprets a list of dimensions as PyTorch does: an empty one means all.
pub(crate) fn over_all_if_none(dims: &[isize]) -> Option<&[isize]> {
    if dims.is_empty() { None } else { Some(dims) }
}

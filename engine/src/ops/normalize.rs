//! The basis of normalizations: statistics of the elements over some dimensions, in one reduction,
//! and the operation that normalizes by them. Its gradient is two sums in one reduction and a
//! pointwise expression.

mod sums;

use std::hash::Hasher;
use std::rc::Rc;

use smallvec::smallvec;

use super::reduce::var::moments;
use super::reduce::{Dims, Reduce, signed};
use crate::device::{DType, Element, Float, Slice, SliceMut};
use crate::tensor::{
    Compute, Function, Op, Pointwise, Saves, Scalar, Scalars, Spec, Tensor, Vjp, WgslFn, is_grad_enabled, no_grad,
    typed, typed_mut,
};
use crate::{Error, Result, dispatch, shader};

/// Mean, variance over n, and 1/√(variance + eps), as three planes.
#[derive(Clone, Debug)]
struct NormStats {
    eps: f64,
}

impl Reduce for NormStats {
    const NAME: &'static str = "norm_stats";
    const WGSL: &'static [&'static str] = shader!("norm_stats");
    const ACC_WORDS: usize = 3;
    const PLANES: usize = 3;
    const SAVES: Saves = Saves::NOTHING;

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Float(self.eps)]
    }

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        let (mean, squares) = moments(run);
        let variance = squares / run.len() as f64;
        planes.copy_from_slice(&[mean, variance, 1.0 / (variance + self.eps).sqrt()]);
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        Err(Error::internal("norm_stats is computed without history"))
    }
}

/// Computes (x − mean)·rstd, then ·weight, then + bias, with weight and bias optional: all in one
/// shape.
#[derive(Debug)]
struct Normalize;

impl Function for Normalize {
    fn name(&self) -> &'static str {
        "normalize"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Err(Error::internal("normalize is recorded as another function"))
    }
}

impl Op for Normalize {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[0].clone())
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for Normalize {
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn> {
        let suffix = ["", "_weight", "_affine"][operands.len().saturating_sub(3).min(2)];
        Ok(WgslFn {
            pieces: shader!("normalize").into(),
            name: format!("normalize_forward{suffix}"),
            scalars: smallvec![],
            takes_index: false,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        fn run<T: Float>(operands: &[Slice<'_>], output: &mut [T]) -> Result<()> {
            let (x, mean, rstd) = (typed::<T>(operands[0])?, typed::<T>(operands[1])?, typed::<T>(operands[2])?);
            for (y, (x, (mean, rstd))) in output.iter_mut().zip(x.iter().zip(mean.iter().zip(rstd))) {
                *y = (*x - *mean) * *rstd;
            }
            if let Some(weight) = operands.get(3) {
                output.iter_mut().zip(typed::<T>(*weight)?).for_each(|(y, w)| *y *= *w);
            }
            if let Some(bias) = operands.get(4) {
                output.iter_mut().zip(typed::<T>(*bias)?).for_each(|(y, b)| *y += *b);
            }
            Ok(())
        }
        let dtype = output.dtype();
        dispatch!(dtype, floats T => run::<T>(operands, typed_mut(output)?),
            Err(Error::internal(format!("normalize was given {dtype}"))))
    }
}

/// Recorded form of [`Tensor::normalize`]: a function of x, mean, rstd, weight and bias before they
/// are expanded. mean and rstd are x's own, as the derivative assumes.
#[derive(Debug)]
struct Normalized {
    name: &'static str,
    dims: Dims,
    eps: f64,
}

impl Function for Normalized {
    fn name(&self) -> &'static str {
        self.name
    }

    fn saves(&self) -> Saves {
        Saves::inputs(&[0, 1, 2, 3])
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let x = cx.input(0)?;
        let over = signed(&self.dims);
        let n = x.count_over(&self.dims) as f64;
        // For the gradient of this gradient, the statistics are computed anew, as functions of x.
        let (normal, rstd, sum, product) = if is_grad_enabled() {
            let deviation = x.sub(&x.mean_dim(&over, true)?)?;
            let rstd = deviation.mul(&deviation)?.mean_dim(&over, true)?.add_scalar(self.eps)?.rsqrt()?;
            let normal = deviation.mul(&rstd)?;
            let product = grad.mul(&normal)?.sum_dim(&over, true)?;
            (normal, rstd, grad.sum_dim(&over, true)?, product)
        } else {
            let (mean, rstd) = (cx.input(1)?, cx.input(2)?);
            let (product, sum) = x.norm_sums(grad, &mean, &rstd, &self.dims)?;
            (normalize_pointwise(&x, &[&mean, &rstd])?, rstd, sum, product)
        };
        let mut grads = vec![None; cx.inputs()];
        if cx.needs(0) {
            // Scaled after the broadcast, which then needs no kernel of its own.
            let mean = |sum: &Tensor| sum.expand_to(x.shape())?.mul_scalar(1.0 / n);
            let slope = grad.sub(&mean(&sum)?)?.sub(&normal.mul(&mean(&product)?)?)?;
            let slope = slope.mul(&rstd)?;
            grads[0] = Some(if cx.inputs() > 3 { slope.mul(&cx.input(3)?)? } else { slope });
        }
        for (i, sum) in [(3, product), (4, sum)] {
            if cx.needs(i) {
                grads[i] = Some(sum);
            }
        }
        Ok(grads)
    }
}

fn normalize_pointwise(x: &Tensor, others: &[&Tensor]) -> Result<Tensor> {
    let expanded: Vec<Tensor> = others.iter().map(|t| t.expand_to(x.shape())).collect::<Result<_>>()?;
    let operands: Vec<&Tensor> = std::iter::once(x).chain(&expanded).collect();
    no_grad(|| Tensor::call(Normalize, &operands))
}

/// Statistics of a tensor over some dimensions, of size 1 there; without history.
pub(crate) struct Stats {
    /// Mean.
    pub mean: Tensor,
    /// Variance over n.
    pub variance: Tensor,
    /// Reciprocal standard deviation, 1/√(variance + eps).
    pub rstd: Tensor,
}

impl Tensor {
    /// Computes statistics over `dims`.
    pub(crate) fn norm_stats(&self, dims: &[usize], eps: f64) -> Result<Stats> {
        let planes = no_grad(|| self.detach().reduce_planes(NormStats { eps }, dims))?;
        match <[Self; 3]>::try_from(planes) {
            Ok([mean, variance, rstd]) => Ok(Stats { mean, variance, rstd }),
            Err(_) => Err(Error::internal("norm_stats has three planes")),
        }
    }

    /// Computes (x − mean)·rstd·weight + bias with x's own statistics over `dims`. Weight and bias
    /// have size 1 in `dims`, and x's size elsewhere; there is no bias without a weight.
    pub(crate) fn normalize(
        &self,
        name: &'static str,
        dims: &[usize],
        eps: f64,
        stats: &Stats,
        affine: &[&Self],
    ) -> Result<Self> {
        let others: Vec<&Self> = [&stats.mean, &stats.rstd].into_iter().chain(affine.iter().copied()).collect();
        let output = normalize_pointwise(self, &others)?;
        let inputs: Vec<&Self> = std::iter::once(self).chain(others).collect();
        output.record_grad_fn(Rc::new(Normalized { name, dims: Dims::from_slice(dims), eps }), &inputs);
        Ok(output)
    }
}

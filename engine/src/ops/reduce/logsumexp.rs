//! `logsumexp`: log Σ eˣ over dimensions, without overflow.

use crate::device::Element;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::amax::extremum;
use super::{Reduce, sum_of};

#[derive(Clone, Debug)]
struct LogSumExp;

impl Reduce for LogSumExp {
    const NAME: &'static str = "logsumexp";
    const WGSL: &'static [&'static str] =
        &[shader!("logsumexp"), shader!("exp"), shader!("log"), shader!("shared/nonfinite")];
    const ACC_WORDS: usize = 2;
    const SAVES: Saves = Saves::INPUT.and_output();

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        let top = extremum::<T, true>(run);
        planes[0] = if top.is_finite() { top + sum_of(run, |x| (x - top).exp()).ln() } else { top };
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        grad.mul(&cx.input(0)?.sub(&cx.output()?)?.exp()?)
    }
}

impl Tensor {
    /// log Σ eˣ over `dims`, which are left out, or kept with size 1; −∞ of nothing. Integers become f32.
    /// [torch.logsumexp](https://docs.pytorch.org/docs/stable/generated/torch.logsumexp.html)
    ///
    /// # Errors
    /// A dimension that does not exist or is named twice.
    pub fn logsumexp(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        let x = if self.dtype().is_float() { self.clone() } else { self.to_dtype(crate::DType::F32)? };
        x.reduce(LogSumExp, Some(dims), keepdim)
    }
}

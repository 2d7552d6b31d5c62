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
    const WGSL: &'static [&'static str] = shader!("logsumexp");
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
    /// Computes log Σ eˣ over `dims`, which are removed, or kept with size 1; −∞ for no elements.
    /// Integers become f32.
    /// [torch.logsumexp](https://docs.pytorch.org/docs/stable/generated/torch.logsumexp.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.logsumexp(&[0], false)?.to_string(), "tensor(1.3133)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or repeated.
    pub fn logsumexp(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        let x = if self.dtype().is_float() { self.clone() } else { self.to_dtype(crate::DType::F32)? };
        x.reduce(LogSumExp, Some(dims), keepdim)
    }
}

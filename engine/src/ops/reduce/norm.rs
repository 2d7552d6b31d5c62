//! `norm`: the vector norm (Σ |x|ᵖ)^(1/p) over dimensions. p = 2 has its own kernel, in which no
//! square overflows; the others are composed of other operations.

use crate::device::Element;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Reduce, signed, sum_of};

#[derive(Clone, Debug)]
struct Norm2;

impl Reduce for Norm2 {
    const NAME: &'static str = "norm";
    const WGSL: &'static [&'static str] = shader!("norm");
    const ACC_WORDS: usize = 2;
    const SAVES: Saves = Saves::INPUT.and_output();

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        let squares = sum_of(run, |x| x * x);
        planes[0] = if squares.is_infinite() {
            let top = run.iter().fold(0.0, |top: f64, x| top.max(x.to_f64().abs()));
            if top.is_infinite() { top } else { top * sum_of(run, |x| (x / top) * (x / top)).sqrt() }
        } else {
            squares.sqrt()
        };
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        let norm = cx.output()?;
        cx.input(0)?.mul(&grad.div(&norm)?.masked_fill(&norm.eq_scalar(0.0)?, 0.0)?)
    }
}

impl Tensor {
    /// Computes the vector norm (Σ |x|ᵖ)^(1/p) over `dims` (all of them if `None`), which are
    /// removed, or kept with size 1. An infinite p gives the largest |x|, −∞ the smallest, 0 the
    /// number of nonzero elements. The gradient at zero is 0.
    /// [torch.linalg.vector_norm](https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[3.0_f32, 4.0], &cpu)?;
    /// assert_eq!(x.norm(2.0, None, false)?.to_string(), "tensor(5.)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not floating point; a dimension is out of range, repeated, or, for an
    /// infinite p, empty.
    pub fn norm(&self, p: f64, dims: Option<&[isize]>, keepdim: bool) -> Result<Self> {
        self.float_only("norm")?;
        let dims = signed(&self.reduced_dims("norm", dims.filter(|dims| !dims.is_empty()))?);
        if p == 2.0 {
            return self.reduce(Norm2, Some(&dims), keepdim);
        }
        if p == f64::NEG_INFINITY || p < 0.0 && p.is_infinite() {
            return self.abs()?.amin(&dims, keepdim);
        }
        if p == f64::INFINITY {
            return self.abs()?.amax(&dims, keepdim);
        }
        if p == 0.0 {
            return self.ne_scalar(0.0)?.to_dtype(self.dtype())?.sum_dim(&dims, keepdim);
        }
        let size = self.abs()?;
        if p == 1.0 {
            return size.sum_dim(&dims, keepdim);
        }
        // Zeros are replaced before the power, so that no gradient is 0 · ∞.
        let at_zero = if p > 0.0 { 0.0 } else { f64::INFINITY };
        let zero = size.eq_scalar(0.0)?;
        let powers = size.masked_fill(&zero, 1.0)?.pow_scalar(p)?.masked_fill(&zero, at_zero)?;
        let sum = powers.sum_dim(&dims, keepdim)?;
        let none = sum.eq_scalar(0.0)?;
        let at_none = if p > 0.0 { 0.0 } else { f64::INFINITY };
        sum.masked_fill(&none, 1.0)?.pow_scalar(1.0 / p)?.masked_fill(&none, at_none)
    }
}

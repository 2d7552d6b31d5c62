//! `mean`: Σ x / n over dimensions.

use crate::device::Element;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Error, Result, shader};

use super::{Reduce, sum_of};

#[derive(Clone, Debug)]
struct Mean;

impl Reduce for Mean {
    const NAME: &'static str = "mean";
    const WGSL: &'static [&'static str] = &[shader!("mean"), shader!("shared/nonfinite")];
    const SAVES: Saves = Saves::NOTHING;

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = sum_of(run, |x| x) / run.len() as f64;
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, dims: &[usize]) -> Result<Tensor> {
        let shape = cx.shape(0);
        let n: usize = dims.iter().map(|d| shape[*d]).product();
        grad.expand_to(shape)?.mul_scalar(1.0 / n as f64)
    }
}

impl Tensor {
    /// The mean of all elements, without dimensions; of nothing it is NaN.
    /// [torch.mean](https://docs.pytorch.org/docs/stable/generated/torch.mean.html)
    ///
    /// # Errors
    /// The elements are no floats.
    pub fn mean(&self) -> Result<Self> {
        self.float_only("mean")?.reduce(Mean, None, false)
    }

    /// The means over `dims`, which are left out, or kept with size 1.
    ///
    /// # Errors
    /// The elements are no floats; a dimension that does not exist or is named twice.
    pub fn mean_dim(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.float_only("mean")?.reduce(Mean, Some(dims), keepdim)
    }

    /// Itself, if it holds floats.
    pub(crate) fn float_only(&self, op: &'static str) -> Result<&Self> {
        match self.dtype() {
            dtype if dtype.is_float() => Ok(self),
            dtype => Err(Error::dtype(op, format!("takes floats, got {dtype}; convert with to_dtype(DType::F32)"))),
        }
    }
}

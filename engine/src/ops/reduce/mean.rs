//! `mean`: Σ x / n over dimensions.

use crate::device::Element;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Error, Result, shader};

use super::{Reduce, sum_of};

#[derive(Clone, Debug)]
struct Mean;

impl Reduce for Mean {
    const NAME: &'static str = "mean";
    const WGSL: &'static [&'static str] = shader!("mean");
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
    /// Computes the mean of all elements, without dimensions; NaN for no elements.
    /// [torch.mean](https://docs.pytorch.org/docs/stable/generated/torch.mean.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 6.0], &cpu)?;
    /// assert_eq!(x.mean()?.to_string(), "tensor(3.)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not floating point.
    pub fn mean(&self) -> Result<Self> {
        self.float_only("mean")?.reduce(Mean, None, false)
    }

    /// Computes the means over `dims`, which are removed, or kept with size 1.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// assert_eq!(x.mean_dim(&[0], false)?.to_string(), "tensor([2., 3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The elements are not floating point; a dimension is out of range or repeated.
    pub fn mean_dim(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.float_only("mean")?.reduce(Mean, Some(dims), keepdim)
    }

    /// Returns the tensor itself if it is floating point.
    pub(crate) fn float_only(&self, op: &'static str) -> Result<&Self> {
        match self.dtype() {
            dtype if dtype.is_float() => Ok(self),
            dtype => Err(Error::dtype(op, format!("takes floats, got {dtype}; convert with to_dtype(DType::F32)"))),
        }
    }
}

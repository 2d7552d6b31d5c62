//! `sum`: Σ x over dimensions.

use crate::device::Element;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Reduce, sum_of};

#[derive(Clone, Debug)]
struct Sum;

impl Reduce for Sum {
    const NAME: &'static str = "sum";
    const WGSL: &'static [&'static str] = shader!("sum");
    const SAVES: Saves = Saves::NOTHING;

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = sum_of(run, |x| x);
    }

    fn run_i64(&self, run: &[i64]) -> Option<i64> {
        Some(run.iter().fold(0, |sum, x| sum.wrapping_add(*x)))
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        grad.expand_to(cx.shape(0))
    }
}

impl Tensor {
    /// Computes the sum of all elements, without dimensions. Sums of i64 are i64, those of other
    /// integers and of bools i32.
    /// [torch.sum](https://docs.pytorch.org/docs/stable/generated/torch.sum.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.sum()?.to_string(), "tensor(6.)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn sum(&self) -> Result<Self> {
        self.summable()?.reduce(Sum, None, false)
    }

    /// Computes the sums over `dims`, which are removed, or kept with size 1.
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0], [2, 2], &Device::cpu())?;
    /// assert_eq!(block_on(x.sum_dim(&[-1], false)?.to_vec::<f32>())?, [3.0, 7.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or repeated.
    pub fn sum_dim(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.summable()?.reduce(Sum, Some(dims), keepdim)
    }

    fn summable(&self) -> Result<Self> {
        if self.dtype().is_float() { Ok(self.clone()) } else { self.to_dtype(self.dtype().integer()) }
    }
}

//! `sum`: Σ x over dimensions.

use crate::device::{DType, Element};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::reduce::Reduce;

#[derive(Clone, Debug)]
struct Sum;

impl Reduce for Sum {
    const NAME: &'static str = "sum";
    const WGSL: &'static str = shader!("sum");
    const SAVES: Saves = Saves::NOTHING;

    fn start<T: Element>(&self) -> T {
        T::default()
    }

    fn combine(&self, acc: f64, x: f64) -> f64 {
        acc + x
    }

    fn finish(&self, acc: f64, _n: usize) -> f64 {
        acc
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        grad.expand_to(cx.shape(0))
    }
}

impl Tensor {
    /// The sum of all elements, without dimensions. Sums of integers and bools are i32.
    /// [torch.sum](https://docs.pytorch.org/docs/stable/generated/torch.sum.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn sum(&self) -> Result<Self> {
        self.summable()?.reduce(Sum, None, false)
    }

    /// The sums over `dims`, which are left out, or kept with size 1.
    ///
    /// # Errors
    /// A dimension that does not exist or is named twice.
    pub fn sum_dim(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.summable()?.reduce(Sum, Some(dims), keepdim)
    }

    fn summable(&self) -> Result<Self> {
        if self.dtype().is_float() { Ok(self.clone()) } else { self.to_dtype(DType::I32) }
    }
}

//! `any` and `all`: whether some or every element is not zero.

use crate::device::{DType, Element};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Reduce;

#[derive(Clone, Debug)]
struct Any;

#[derive(Clone, Debug)]
struct All;

impl Reduce for Any {
    const NAME: &'static str = "any";
    const WGSL: &'static [&'static str] = &[shader!("any")];
    const SAVES: Saves = Saves::NOTHING;

    fn output(&self, _input: DType) -> DType {
        DType::Bool
    }

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = f64::from(run.iter().any(|x| *x != T::default()));
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        Ok(grad.clone()) // Never asked for: bools have no gradient.
    }
}

impl Reduce for All {
    const NAME: &'static str = "all";
    const WGSL: &'static [&'static str] = &[shader!("all")];
    const SAVES: Saves = Saves::NOTHING;

    fn output(&self, _input: DType) -> DType {
        DType::Bool
    }

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = f64::from(run.iter().all(|x| *x != T::default()));
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        Ok(grad.clone()) // Never asked for: bools have no gradient.
    }
}

impl Tensor {
    /// Whether any element is not zero, over all; NaN is not zero. A bool.
    /// [torch.any](https://docs.pytorch.org/docs/stable/generated/torch.any.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn any(&self) -> Result<Self> {
        self.reduce(Any, None, false)
    }

    /// Whether any element is not zero over `dims`, which are left out, or kept with size 1.
    ///
    /// # Errors
    /// A dimension that does not exist or is named twice.
    pub fn any_dim(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.reduce(Any, Some(dims), keepdim)
    }

    /// Whether no element is zero, over all; NaN is not zero. A bool; true of nothing.
    /// [torch.all](https://docs.pytorch.org/docs/stable/generated/torch.all.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn all(&self) -> Result<Self> {
        self.reduce(All, None, false)
    }

    /// Whether no element is zero over `dims`, which are left out, or kept with size 1.
    ///
    /// # Errors
    /// A dimension that does not exist or is named twice.
    pub fn all_dim(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.reduce(All, Some(dims), keepdim)
    }
}

//! `gt`: whether x > y, as bools, with broadcasting.

use crate::device::Element;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct Gt;

impl Compare for Gt {
    const NAME: &'static str = "gt";
    const WGSL: &'static [&'static str] = &[shader!("gt"), shader!("shared/order")];

    fn test<T: Element>(x: T, y: T) -> bool {
        x > y
    }
}

impl Tensor {
    /// Whether x > y, element by element, with broadcasting and type promotion.
    /// [torch.gt](https://docs.pytorch.org/docs/stable/generated/torch.gt.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn gt(&self, other: &Self) -> Result<Self> {
        self.compare(other, Gt)
    }

    /// [`Tensor::gt`] with a number.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn gt_scalar(&self, other: f64) -> Result<Self> {
        self.compare(&self.number_like(other)?, Gt)
    }
}

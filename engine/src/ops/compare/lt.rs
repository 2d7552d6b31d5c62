//! `lt`: whether x < y, as bools, with broadcasting.

use crate::device::Element;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct Lt;

impl Compare for Lt {
    const NAME: &'static str = "lt";
    const WGSL: &'static [&'static str] = &[shader!("lt"), shader!("shared/order")];

    fn test<T: Element>(x: T, y: T) -> bool {
        x < y
    }
}

impl Tensor {
    /// Whether x < y, element by element, with broadcasting and type promotion.
    /// [torch.lt](https://docs.pytorch.org/docs/stable/generated/torch.lt.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn lt(&self, other: &Self) -> Result<Self> {
        self.compare(other, Lt)
    }

    /// [`Tensor::lt`] with a number.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn lt_scalar(&self, other: f64) -> Result<Self> {
        self.compare(&self.number_like(other)?, Lt)
    }
}

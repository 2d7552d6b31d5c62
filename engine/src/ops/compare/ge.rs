//! `ge`: whether x ≥ y, as bools, with broadcasting.

use crate::device::Element;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct Ge;

impl Compare for Ge {
    const NAME: &'static str = "ge";
    const WGSL: &'static [&'static str] = &[shader!("ge"), shader!("shared/order")];

    fn test<T: Element>(x: T, y: T) -> bool {
        x >= y
    }
}

impl Tensor {
    /// Whether x ≥ y, element by element, with broadcasting and type promotion.
    /// [torch.ge](https://docs.pytorch.org/docs/stable/generated/torch.ge.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn ge(&self, other: &Self) -> Result<Self> {
        self.compare(other, Ge)
    }

    /// [`Tensor::ge`] with a number.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn ge_scalar(&self, other: f64) -> Result<Self> {
        self.compare(&self.number_like(other)?, Ge)
    }
}

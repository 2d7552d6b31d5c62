//! `le`: whether x ≤ y, as bools, with broadcasting.

use crate::device::Element;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct Le;

impl Compare for Le {
    const NAME: &'static str = "le";
    const WGSL: &'static [&'static str] = &[shader!("le"), shader!("shared/order")];

    fn test<T: Element>(x: T, y: T) -> bool {
        x <= y
    }
}

impl Tensor {
    /// Whether x ≤ y, element by element, with broadcasting and type promotion.
    /// [torch.le](https://docs.pytorch.org/docs/stable/generated/torch.le.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn le(&self, other: &Self) -> Result<Self> {
        self.compare(other, Le)
    }

    /// [`Tensor::le`] with a number.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn le_scalar(&self, other: f64) -> Result<Self> {
        self.compare(&self.number_like(other)?, Le)
    }
}

//! `eq`: whether x = y, as bools, with broadcasting.

use crate::device::Element;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct Eq;

impl Compare for Eq {
    const NAME: &'static str = "eq";
    const WGSL: &'static [&'static str] = &[shader!("eq"), shader!("shared/order")];

    fn test<T: Element>(x: T, y: T) -> bool {
        x == y
    }
}

impl Tensor {
    /// Whether x = y, element by element, with broadcasting and type promotion.
    /// [torch.eq](https://docs.pytorch.org/docs/stable/generated/torch.eq.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn eq(&self, other: &Self) -> Result<Self> {
        self.compare(other, Eq)
    }

    /// [`Tensor::eq`] with a number.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn eq_scalar(&self, other: f64) -> Result<Self> {
        self.compare(&self.number_like(other)?, Eq)
    }
}

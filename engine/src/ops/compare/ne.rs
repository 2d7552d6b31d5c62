//! `ne`: whether x ≠ y, as bools, with broadcasting.

use crate::device::Element;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct Ne;

impl Compare for Ne {
    const NAME: &'static str = "ne";
    const WGSL: &'static [&'static str] = &[shader!("ne"), shader!("shared/order")];

    fn test<T: Element>(x: T, y: T) -> bool {
        x != y
    }
}

impl Tensor {
    /// Whether x ≠ y, element by element, with broadcasting and type promotion.
    /// [torch.ne](https://docs.pytorch.org/docs/stable/generated/torch.ne.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn ne(&self, other: &Self) -> Result<Self> {
        self.compare(other, Ne)
    }

    /// [`Tensor::ne`] with a number.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn ne_scalar(&self, other: f64) -> Result<Self> {
        self.compare(&self.number_like(other)?, Ne)
    }
}

//! `logical_or`: whether either is true, as bools, with broadcasting. Numbers are true unless they are 0.

use crate::device::{DType, Element};
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct LogicalOr;

impl Compare for LogicalOr {
    const NAME: &'static str = "logical_or";
    const WGSL: &'static [&'static str] = &[shader!("logical_or")];
    const OF_BOOLS: bool = true;

    fn test<T: Element>(x: T, y: T) -> bool {
        x != T::default() || y != T::default()
    }
}

impl Tensor {
    /// Whether either is true, element by element, with broadcasting. Numbers are true unless they are 0.
    /// [torch.logical_or](https://docs.pytorch.org/docs/stable/generated/torch.logical_or.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn logical_or(&self, other: &Self) -> Result<Self> {
        self.to_dtype(DType::Bool)?.compare(&other.to_dtype(DType::Bool)?, LogicalOr)
    }
}

//! `logical_and`: whether both are true, as bools, with broadcasting. Numbers are true unless they are 0.

use crate::device::{DType, Element};
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct LogicalAnd;

impl Compare for LogicalAnd {
    const NAME: &'static str = "logical_and";
    const WGSL: &'static [&'static str] = &[shader!("logical_and")];
    const OF_BOOLS: bool = true;

    fn test<T: Element>(x: T, y: T) -> bool {
        x != T::default() && y != T::default()
    }
}

impl Tensor {
    /// Whether both are true, element by element, with broadcasting. Numbers are true unless they are 0.
    /// [torch.logical_and](https://docs.pytorch.org/docs/stable/generated/torch.logical_and.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn logical_and(&self, other: &Self) -> Result<Self> {
        self.to_dtype(DType::Bool)?.compare(&other.to_dtype(DType::Bool)?, LogicalAnd)
    }
}

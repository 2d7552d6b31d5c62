//! `logical_xor`: whether exactly one is true, as bools, with broadcasting. Numbers are true unless they are 0.

use crate::device::{DType, Element};
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct LogicalXor;

impl Compare for LogicalXor {
    const NAME: &'static str = "logical_xor";
    const WGSL: &'static [&'static str] = &[shader!("logical_xor")];
    const OF_BOOLS: bool = true;

    fn test<T: Element>(x: T, y: T) -> bool {
        (x != T::default()) != (y != T::default())
    }
}

impl Tensor {
    /// Whether exactly one is true, element by element, with broadcasting. Numbers are true unless they are 0.
    /// [torch.logical_xor](https://docs.pytorch.org/docs/stable/generated/torch.logical_xor.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn logical_xor(&self, other: &Self) -> Result<Self> {
        self.to_dtype(DType::Bool)?.compare(&other.to_dtype(DType::Bool)?, LogicalXor)
    }
}

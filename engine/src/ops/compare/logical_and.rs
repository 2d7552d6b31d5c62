//! `logical_and`: x ∧ y as a bool tensor, with broadcasting. Every number but 0 is true.

use crate::device::{DType, Element};
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct LogicalAnd;

impl Compare for LogicalAnd {
    const NAME: &'static str = "logical_and";
    const WGSL: &'static [&'static str] = shader!("logical_and");
    const OF_BOOLS: bool = true;

    fn test<T: Element>(x: T, y: T) -> bool {
        x != T::default() && y != T::default()
    }
}

impl Tensor {
    /// Computes x ∧ y as a bool tensor, element by element, with broadcasting. Every number but 0
    /// is true.
    /// [torch.logical_and](https://docs.pytorch.org/docs/stable/generated/torch.logical_and.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[true, true, false], &cpu)?;
    /// let y = Tensor::from_nested(&[true, false, false], &cpu)?;
    /// assert_eq!(x.logical_and(&y)?.to_string(), "tensor([ True, False, False])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn logical_and(&self, other: &Self) -> Result<Self> {
        self.to_dtype(DType::Bool)?.compare(&other.to_dtype(DType::Bool)?, LogicalAnd)
    }
}

//! `outer`: all products of the elements of two vectors.

use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

impl Tensor {
    /// `output[i, j] = self[i]·other[j]`.
    /// [torch.outer](https://docs.pytorch.org/docs/stable/generated/torch.outer.html)
    ///
    /// # Errors
    /// An operand that is not a vector.
    pub fn outer(&self, other: &Self) -> Result<Self> {
        if self.ndim() != 1 || other.ndim() != 1 {
            let rule = format!("expected two vectors, got the shapes {} and {}", self.shape(), other.shape());
            return Err(Error::shape("outer", rule));
        }
        self.reshape_to(&Shape::from([self.numel(), 1]))?.mul(other)
    }
}

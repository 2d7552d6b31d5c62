//! `bmm`: products of two batches of matrices, without broadcasting.

use crate::tensor::Tensor;
use crate::{Error, Result};

impl Tensor {
    /// `output[i] = self[i]·other[i]`, for shapes (b, n, m) and (b, m, p).
    /// [torch.bmm](https://docs.pytorch.org/docs/stable/generated/torch.bmm.html)
    ///
    /// # Errors
    /// An operand without exactly three dimensions; other sizes; types that differ.
    pub fn bmm(&self, other: &Self) -> Result<Self> {
        match (self.dims(), other.dims()) {
            ([b, _, m], [b2, m2, _]) if b == b2 && m == m2 => self.matmul(other),
            ([b, _, m], [_, _, _]) => {
                let rule =
                    format!("expected the second batch to begin with the sizes [{b}, {m}], got {}", other.shape());
                Err(Error::shape("bmm", rule))
            }
            _ => {
                let rule = format!("expected two tensors of 3 dimensions, got {} and {}", self.shape(), other.shape());
                Err(Error::shape("bmm", rule))
            }
        }
    }
}

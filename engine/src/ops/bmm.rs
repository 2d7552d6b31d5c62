//! `bmm`: products of two batches of matrices, without broadcasting.

use crate::tensor::Tensor;
use crate::{Error, Result};

impl Tensor {
    /// Computes `output[i] = self[i]·other[i]`, for shapes (b, n, m) and (b, m, p).
    /// [torch.bmm](https://docs.pytorch.org/docs/stable/generated/torch.bmm.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let a = Tensor::from_nested(&[[[1.0_f32, 2.0]], [[3.0, 4.0]]], &cpu)?;
    /// let b = Tensor::from_nested(&[[[1.0_f32], [1.0]], [[2.0], [2.0]]], &cpu)?;
    /// assert_eq!(a.bmm(&b)?.flatten(0, -1)?.to_string(), "tensor([ 3., 14.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Operands without exactly three dimensions, with sizes that do not match, or of different
    /// types.
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

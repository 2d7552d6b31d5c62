//! `glu`: one half of a dimension, gated by the sigmoid of the other; made of slices.

use crate::tensor::{Tensor, wrap_dim};
use crate::{Error, Result};

impl Tensor {
    /// a·sigmoid(b) where a and b are the two halves along `dim`.
    /// [torch.nn.functional.glu](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.glu.html)
    ///
    /// # Errors
    /// There is no such dimension, or its size is odd.
    pub fn glu(&self, dim: isize) -> Result<Self> {
        let at = wrap_dim("glu", dim, self.ndim())?;
        let size = self.dims()[at];
        if !size.is_multiple_of(2) {
            let rule = format!(
                "the halved dimension must have an even size, but dimension {at} of {} has {size}",
                self.shape()
            );
            return Err(Error::shape("glu", rule));
        }
        let half = (size / 2) as isize;
        let (a, b) = (self.slice(dim, Some(0), Some(half), 1)?, self.slice(dim, Some(half), None, 1)?);
        a.mul(&b.sigmoid()?)
    }
}

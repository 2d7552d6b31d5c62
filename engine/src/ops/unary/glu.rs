//! `glu`: one half of a dimension, gated by the sigmoid of the other; by slices.

use crate::tensor::{Tensor, wrap_dim};
use crate::{Error, Result};

impl Tensor {
    /// Computes a·sigmoid(b) for the two halves a and b along `dim`.
    /// [torch.nn.functional.glu](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.glu.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 0.0, 0.0], &cpu)?;
    /// assert_eq!(x.glu(0)?.to_string(), "tensor([0.5000, 1.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range, or its size is odd.
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

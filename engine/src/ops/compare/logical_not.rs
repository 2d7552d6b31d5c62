//! `logical_not`: whether x is false, or 0; made of `eq`.

use crate::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// Whether x is false, or 0, element by element.
    /// [torch.logical_not](https://docs.pytorch.org/docs/stable/generated/torch.logical_not.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn logical_not(&self) -> Result<Self> {
        self.eq_scalar(0.0)
    }
}

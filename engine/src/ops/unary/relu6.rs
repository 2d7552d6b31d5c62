//! `relu6`: min(max(x, 0), 6), made of `clamp`.

use crate::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// min(max(x, 0), 6), element by element. The gradient at 0 and at 6 is 0.
    /// [torch.nn.functional.relu6](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu6.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn relu6(&self) -> Result<Self> {
        self.clamp(Some(0.0), Some(6.0))
    }
}

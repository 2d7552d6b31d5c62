//! `logical_not`: ¬x as a bool tensor, by `eq`.

use crate::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// Computes ¬x as a bool tensor, element by element. Every number but 0 is true.
    /// [torch.logical_not](https://docs.pytorch.org/docs/stable/generated/torch.logical_not.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[true, false], &cpu)?;
    /// assert_eq!(x.logical_not()?.to_string(), "tensor([False,  True])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn logical_not(&self) -> Result<Self> {
        self.eq_scalar(0.0)
    }
}

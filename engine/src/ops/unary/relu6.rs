//! `relu6`: min(max(x, 0), 6), by `clamp`.

use crate::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// Computes min(max(x, 0), 6), element by element. The gradient at 0 and at 6 is 0.
    /// [torch.nn.functional.relu6](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu6.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.0_f32, 3.0, 8.0], &cpu)?;
    /// assert_eq!(x.relu6()?.to_string(), "tensor([0., 3., 6.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn relu6(&self) -> Result<Self> {
        self.clamp(Some(0.0), Some(6.0))
    }
}

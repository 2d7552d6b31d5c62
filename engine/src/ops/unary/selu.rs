//! `selu`: a scaled `elu` that preserves mean 0 and variance 1.

use crate::Result;
use crate::tensor::Tensor;

/// Constants of Klambauer et al., "Self-Normalizing Neural Networks" (2017).
const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

impl Tensor {
    /// Computes 1.0507·elu(x, 1.6733), element by element.
    /// [torch.nn.functional.selu](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.selu.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.selu()?.to_string(), "tensor([-1.1113,  1.0507])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn selu(&self) -> Result<Self> {
        self.elu(ALPHA)?.mul_scalar(SCALE)
    }
}

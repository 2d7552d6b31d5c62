//! `sub_scalar`: x − c for a number c, by `add_scalar`.

use crate::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// Computes x − c for a number c; also written `&x - c`. Integers minus an integral number stay
    /// integers; minus another
    /// number f32. [torch.sub](https://docs.pytorch.org/docs/stable/generated/torch.sub.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 3.0], &cpu)?;
    /// assert_eq!(x.sub_scalar(0.5)?.to_string(), "tensor([0.5000, 2.5000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn sub_scalar(&self, other: f64) -> Result<Self> {
        self.add_scalar(-other)
    }

    /// In-place version of [`Tensor::sub_scalar`].
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn sub_scalar_(&self, other: f64) -> Result<()> {
        self.update_(|x| x.sub_scalar(other))
    }
}

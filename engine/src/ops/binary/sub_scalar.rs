//! `sub_scalar`: x − c for a number c, made of `add_scalar`.

use crate::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// x − c for a number c; also written `&x - c`. Integers and a whole number give integers, integers and another
    /// number f32. [torch.sub](https://docs.pytorch.org/docs/stable/generated/torch.sub.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn sub_scalar(&self, other: f64) -> Result<Self> {
        self.add_scalar(-other)
    }

    /// [`Tensor::sub_scalar`] in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn sub_scalar_(&self, other: f64) -> Result<()> {
        self.update_(|x| x.sub_scalar(other))
    }
}

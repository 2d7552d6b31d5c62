//! `masked_fill`: a number wherever a mask is true; by `where`.

use crate::device::DType;
use crate::tensor::Tensor;
use crate::{Error, Result};

impl Tensor {
    /// Replaces elements by `value` where `mask` is true; the mask is broadcast. The type stays;
    /// integers truncate `value` toward zero.
    /// [torch.Tensor.masked_fill](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.masked_fill.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// let mask = Tensor::from_nested(&[false, true, false], &cpu)?;
    /// assert_eq!(x.masked_fill(&mask, 0.0)?.to_string(), "tensor([1., 0., 3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The mask is not bool; the shapes cannot be broadcast; the tensors are on different devices.
    pub fn masked_fill(&self, mask: &Self, value: f64) -> Result<Self> {
        if mask.dtype() != DType::Bool {
            return Err(Error::dtype("masked_fill", format!("the mask must be bool, is {}", mask.dtype())));
        }
        self.shape().broadcast(mask.shape(), "masked_fill")?;
        mask.where_(&self.full_like(value)?, self)
    }

    /// In-place version of [`Tensor::masked_fill`].
    ///
    /// # Errors
    /// As [`Tensor::masked_fill`] and [`Tensor::copy_`].
    pub fn masked_fill_(&self, mask: &Self, value: f64) -> Result<()> {
        self.update_(|x| x.masked_fill(mask, value))
    }
}

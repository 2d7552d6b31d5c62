//! `masked_fill`: a number wherever a mask is true; made of `where`.

use crate::device::DType;
use crate::tensor::Tensor;
use crate::{Error, Result};

impl Tensor {
    /// `value` where `mask` is true, else the element; the mask is broadcast. The type stays; integers cut `value`
    /// toward zero. [torch.Tensor.masked_fill](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.masked_fill.html)
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

    /// [`Tensor::masked_fill`] in place.
    ///
    /// # Errors
    /// As [`Tensor::masked_fill`] and [`Tensor::copy_`].
    pub fn masked_fill_(&self, mask: &Self, value: f64) -> Result<()> {
        self.update_(|x| x.masked_fill(mask, value))
    }
}

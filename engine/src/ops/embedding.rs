//! `embedding`: rows of a table by index.

use crate::tensor::{Tensor, wrap_dim};
use crate::{Error, Result};

use super::gather::{Gather, Lookup};

impl Tensor {
    /// Looks up rows of `weight`, a matrix, by these integers: shape `[…, columns]`. The row
    /// `padding_idx` is read like any other but gets no gradient. With `scale_grad_by_freq` a row's
    /// gradient is divided by its number of uses. An index out of range is an error when the result
    /// is computed.
    /// [torch.nn.functional.embedding](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> {
    /// let words = Tensor::from_slice(&[3, 1, 3], [3], &Device::cpu())?;
    /// let table = Tensor::zeros([10, 4], &Device::cpu())?;
    /// assert_eq!(words.embedding(&table, None, false)?.dims(), [3, 4]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Indices that are not integers; a weight that is not a matrix; a `padding_idx` out of range.
    pub fn embedding(&self, weight: &Self, padding_idx: Option<isize>, scale_grad_by_freq: bool) -> Result<Self> {
        let index = self.as_index("embedding")?;
        let &[rows, _] = weight.dims() else {
            let rule = format!("the weight should be a matrix, it has shape {}", weight.shape());
            return Err(Error::shape("embedding", rule));
        };
        let skip = padding_idx.map(|at| wrap_dim("embedding", at, rows)).transpose()?;
        let lookup = Lookup { skip, by_frequency: scale_grad_by_freq, ..Lookup::new("embedding", 0, true) };
        Self::call(Gather(lookup), &[weight, &index])
    }
}

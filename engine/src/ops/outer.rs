//! `outer`: all products of the elements of two vectors.

use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

impl Tensor {
    /// Computes `output[i, j] = self[i]·other[j]`.
    /// [torch.outer](https://docs.pytorch.org/docs/stable/generated/torch.outer.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// let y = Tensor::from_nested(&[3.0_f32, 4.0], &cpu)?;
    /// assert_eq!(x.outer(&y)?.to_string(), "tensor([[3., 4.],\n        [6., 8.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// An operand that is not a vector.
    pub fn outer(&self, other: &Self) -> Result<Self> {
        if self.ndim() != 1 || other.ndim() != 1 {
            let rule = format!("expected two vectors, got the shapes {} and {}", self.shape(), other.shape());
            return Err(Error::shape("outer", rule));
        }
        self.reshape_to(&Shape::from([self.numel(), 1]))?.mul(other)
    }
}

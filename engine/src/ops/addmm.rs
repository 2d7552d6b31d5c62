//! `addmm`: a matrix product added to a tensor.

use crate::tensor::{Layout, Shape, Tensor};
use crate::{Error, Result};

impl Tensor {
    /// Computes `beta·self + alpha·(mat1·mat2)`; `self` is broadcast to the product. With `beta` 0,
    /// the contents of `self` do not matter, not even NaN.
    /// [torch.addmm](https://docs.pytorch.org/docs/stable/generated/torch.addmm.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 1.0]], &cpu)?;
    /// let a = Tensor::from_nested(&[[1.0_f32, 2.0]], &cpu)?;
    /// let b = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// assert_eq!(x.addmm(&a, &b, 1.0, 2.0)?.to_string(), "tensor([[15., 21.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Operands that are not matrices, or whose sizes do not match.
    pub fn addmm(&self, mat1: &Self, mat2: &Self, beta: f64, alpha: f64) -> Result<Self> {
        let ([n, _], [_, p]) = (mat1.dims(), mat2.dims()) else {
            let rule = format!("expected two matrices, got the shapes {} and {}", mat1.shape(), mat2.shape());
            return Err(Error::shape("addmm", rule));
        };
        let shape = Shape::from([*n, *p]);
        if self.shape().broadcast(&shape, "addmm")? != shape {
            let rule = format!("the input of shape {} cannot be expanded to {shape}", self.shape());
            return Err(Error::shape("addmm", rule));
        }
        let product = mat1.matmul(mat2)?;
        let product = if alpha == 1.0 { product } else { product.mul_scalar(alpha)? };
        let input = if beta == 1.0 {
            self.clone()
        } else if beta == 0.0 {
            // A replacement for all of `self`: zero, with a gradient of zero.
            let zeros = Self::zeros(self.shape().clone(), (self.dtype(), &self.device()))?;
            self.as_strided_scatter(&zeros, &Layout::contiguous(self.shape().clone()))?
        } else {
            self.mul_scalar(beta)?
        };
        product.add(&input)
    }
}

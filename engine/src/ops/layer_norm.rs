//! `layer_norm` and `rms_norm`: the last dimensions of each sample normalized.

use super::batch_norm::affine;
use super::reduce::{Dims, signed};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

impl Tensor {
    /// Computes (x − mean)/√(var + eps)·weight + bias over the last dimensions, `normalized_shape`;
    /// var is over n.
    /// [torch.nn.functional.layer_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 3.0]], &cpu)?;
    /// assert_eq!(x.layer_norm(&[2], None, None, 1e-5)?.to_string(), "tensor([[-1.0000,  1.0000]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The last dimensions, weight or bias have another shape.
    pub fn layer_norm(
        &self,
        normalized_shape: &[usize],
        weight: Option<&Self>,
        bias: Option<&Self>,
        eps: f64,
    ) -> Result<Self> {
        let dims = self.last_dims("layer_norm", normalized_shape, [("weight", weight), ("bias", bias)])?;
        if self.numel() == 0 {
            return affine(self.clone(), weight, bias);
        }
        let stats = self.norm_stats(&dims, eps)?;
        affine(self.normalize("layer_norm", &dims, eps, &stats, &[])?, weight, bias)
    }

    /// Computes x/√(mean of x² + eps)·weight over the last dimensions, `normalized_shape`.
    /// [torch.nn.functional.rms_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[3.0_f32, 4.0]], &cpu)?;
    /// assert_eq!(x.rms_norm(&[2], None, 1e-5)?.to_string(), "tensor([[0.8485, 1.1314]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The last dimensions or the weight have another shape.
    pub fn rms_norm(&self, normalized_shape: &[usize], weight: Option<&Self>, eps: f64) -> Result<Self> {
        let dims = self.last_dims("rms_norm", normalized_shape, [("weight", weight), ("bias", None)])?;
        let rstd = self.mul(self)?.mean_dim(&signed(&dims), true)?.add_scalar(eps)?.rsqrt()?;
        affine(self.mul(&rstd)?, weight, None)
    }

    fn last_dims(&self, op: &'static str, last: &[usize], given: [(&str, Option<&Self>); 2]) -> Result<Dims> {
        self.float_only(op)?;
        let shape = Shape::from(last);
        if last.is_empty() || !self.dims().ends_with(last) {
            let rule =
                format!("given normalized_shape={shape}, expected an input that ends in it, got {}", self.shape());
            return Err(Error::shape(op, rule));
        }
        for (name, tensor) in given {
            if let Some(tensor) = tensor.filter(|t| t.shape() != &shape) {
                let rule = format!("expected {name} of the shape {shape} that is normalized, got {}", tensor.shape());
                return Err(Error::shape(op, rule));
            }
        }
        Ok((self.ndim() - last.len()..self.ndim()).collect())
    }
}

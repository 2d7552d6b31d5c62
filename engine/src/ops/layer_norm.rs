//! `layer_norm` and `rms_norm`: the last dimensions of each sample normalised.

use super::batch_norm::affine;
use super::reduce::{Dims, signed};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

impl Tensor {
    /// (x − mean)/√(var + eps)·weight + bias over the last dimensions, which are `normalized_shape`; var is over n.
    /// [torch.nn.functional.layer_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html)
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

    /// x/√(mean of x² + eps)·weight over the last dimensions, which are `normalized_shape`.
    /// [torch.nn.functional.rms_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html)
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
                let rule = format!("expected {name} of the shape {shape} that is normalised, got {}", tensor.shape());
                return Err(Error::shape(op, rule));
            }
        }
        Ok((self.ndim() - last.len()..self.ndim()).collect())
    }
}

//! `batch_norm`: each channel normalized over the batch (and over space), or with running
//! statistics.

use super::reduce::Dims;
use crate::tensor::{Shape, Tensor, no_grad};
use crate::{Error, Result};

const OP: &str = "batch_norm";

impl Tensor {
    /// Computes (x − mean)/√(var + eps)·weight + bias for each channel, dimension 1 of `self` (N,
    /// C, …). In training, mean and var (over n) are the batch's, and the running statistics, if
    /// given, become `(1 − momentum)·old + momentum·batch` in place, with var over n − 1; an empty
    /// batch leaves them. Otherwise mean and var are the running statistics.
    /// [torch.nn.functional.batch_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1.0f32, 3.0], [2, 1], &Device::cpu())?;
    /// let y = x.batch_norm(None, None, None, None, true, 0.1, 0.0)?;
    /// assert_eq!(block_on(y.to_vec::<f32>())?, [-1.0, 1.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Fewer than two dimensions; statistics, weight or bias of another size than C; in training, a
    /// single value per channel; otherwise, no running statistics.
    #[expect(clippy::too_many_arguments, reason = "they are PyTorch's; nn::BatchNorm2d is the way to pass fewer")]
    pub fn batch_norm(
        &self,
        running_mean: Option<&Self>,
        running_var: Option<&Self>,
        weight: Option<&Self>,
        bias: Option<&Self>,
        training: bool,
        momentum: f64,
        eps: f64,
    ) -> Result<Self> {
        self.float_only(OP)?;
        if self.ndim() < 2 {
            return Err(Error::shape(OP, format!("expects an input of shape (N, C, …), got {}", self.shape())));
        }
        let channels = self.dims()[1];
        let given = [("running_mean", running_mean), ("running_var", running_var), ("weight", weight), ("bias", bias)];
        for (name, tensor) in given {
            if let Some(tensor) = tensor.filter(|t| t.dims() != [channels]) {
                let rule = format!("{name} should contain {channels} elements, got shape {}", tensor.shape());
                return Err(Error::shape(OP, rule));
            }
        }
        let mut sizes = vec![1; self.ndim()];
        sizes[1] = channels;
        let by_channel = Shape::from(sizes);
        let shaped = |t: Option<&Self>| t.map(|t| t.reshape_to(&by_channel)).transpose();
        let (weight, bias) = (shaped(weight)?, shaped(bias)?);
        if !training {
            let (Some(mean), Some(var)) = (shaped(running_mean)?, shaped(running_var)?) else {
                return Err(Error::shape(OP, "running_mean and running_var must be given in evaluation mode"));
            };
            let rstd = var.add_scalar(eps)?.rsqrt()?;
            return affine(self.sub(&mean)?.mul(&rstd)?, weight.as_ref(), bias.as_ref());
        }
        let dims: Dims = (0..self.ndim()).filter(|d| *d != 1).collect();
        let n = self.count_over(&dims);
        if n == 1 {
            let rule = format!("expected more than 1 value per channel when training, got input size {}", self.shape());
            return Err(Error::shape(OP, rule));
        }
        if self.numel() == 0 {
            return affine(self.clone(), weight.as_ref(), bias.as_ref());
        }
        let stats = self.norm_stats(&dims, eps)?;
        no_grad(|| {
            let unbiased = stats.variance.mul_scalar(n as f64 / (n as f64 - 1.0))?;
            for (running, batch) in [(running_mean, &stats.mean), (running_var, &unbiased)] {
                if let Some(running) = running {
                    let batch = batch.reshape_to(running.shape())?;
                    running.copy_(&running.mul_scalar(1.0 - momentum)?.add(&batch.mul_scalar(momentum)?)?)?;
                }
            }
            Ok(())
        })?;
        match (&weight, &bias) {
            (Some(weight), Some(bias)) => self.normalize(OP, &dims, eps, &stats, &[weight, bias]),
            (Some(weight), None) => self.normalize(OP, &dims, eps, &stats, &[weight]),
            (None, bias) => affine(self.normalize(OP, &dims, eps, &stats, &[])?, None, bias.as_ref()),
        }
    }
}

/// Computes x·weight + bias, each if given.
pub(crate) fn affine(x: Tensor, weight: Option<&Tensor>, bias: Option<&Tensor>) -> Result<Tensor> {
    let x = weight.map_or(Ok(x.clone()), |weight| x.mul(weight))?;
    bias.map_or(Ok(x.clone()), |bias| x.add(bias))
}

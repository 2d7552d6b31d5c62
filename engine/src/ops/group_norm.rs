//! `group_norm` and `instance_norm`: parts of each sample normalized by themselves. Composed of the
//! statistics and the operation that all normalizations share.

use super::batch_norm::affine;
use super::reduce::Dims;
use crate::tensor::{Shape, Tensor, no_grad};
use crate::{Error, Result};

impl Tensor {
    /// Returns (x − mean)/√(var + eps)·weight + bias, with mean and variance over each group of
    /// channels of each sample.
    ///
    /// `self` is (N, C, …); group g has the channels from g·C/num_groups on; var is over n. Weight
    /// and bias have the shape (C). The result has the shape of `self`.
    /// [torch.nn.functional.group_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1.0f32, 3.0, 10.0, 30.0], [1, 4], &Device::cpu())?;
    /// let y = x.group_norm(2, None, None, 0.0)?;
    /// assert_eq!(block_on(y.to_vec::<f32>())?, [-1.0, 1.0, -1.0, 1.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Fewer than two dimensions; groups that do not divide the channels; weight or bias of another
    /// size than C; a batch with a single value for each group; integers.
    pub fn group_norm(&self, num_groups: usize, weight: Option<&Self>, bias: Option<&Self>, eps: f64) -> Result<Self> {
        const OP: &str = "group_norm";
        let channels = self.channels_for(OP, [("weight", weight), ("bias", bias)])?;
        if num_groups == 0 || !channels.is_multiple_of(num_groups) {
            let rule = format!(
                "expected a number of channels that num_groups divides, got input of shape {} and num_groups={num_groups}",
                self.shape()
            );
            return Err(Error::shape(OP, rule));
        }
        let (batch, spatial) = (self.dims()[0], self.dims()[2..].iter().product::<usize>());
        if batch * (channels / num_groups) * spatial == 1 {
            let rule = format!("expected more than 1 value per channel when training, got input size {}", self.shape());
            return Err(Error::shape(OP, rule));
        }
        let by_channel = |t: Option<&Self>| t.map(|t| t.by_channel(self.ndim())).transpose();
        let (weight, bias) = (by_channel(weight)?, by_channel(bias)?);
        if self.numel() == 0 {
            return affine(self.clone(), weight.as_ref(), bias.as_ref());
        }
        let groups = self.reshape_to(&Shape::from([batch, num_groups, channels / num_groups * spatial]))?;
        let stats = groups.norm_stats(&[2], eps)?;
        let normal = groups.normalize(OP, &[2], eps, &stats, &[])?.reshape_to(self.shape())?;
        affine(normal, weight.as_ref(), bias.as_ref())
    }

    /// Returns (x − mean)/√(var + eps)·weight + bias for each channel of each sample of `self` (N,
    /// C, L, …).
    ///
    /// With `use_input_stats`, mean and variance (over n) are those of the sample's channel.
    /// Running statistics, if given, become `(1 − momentum)·old + momentum·new` in place. There,
    /// new is the mean over the batch of the samples' means, or of their variances over n − 1.
    /// Without it, mean and variance are the running statistics. All of these, weight and bias have
    /// the shape (C).
    /// [torch.nn.functional.instance_norm](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1.0f32, 3.0, 10.0, 30.0], [1, 2, 2], &Device::cpu())?;
    /// let y = x.instance_norm(None, None, None, None, true, 0.1, 0.0)?;
    /// assert_eq!(block_on(y.to_vec::<f32>())?, [-1.0, 1.0, -1.0, 1.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Fewer than two dimensions; statistics, weight or bias of another size than C; with
    /// `use_input_stats`, a single value for each channel of a sample; without it, no running
    /// statistics; integers.
    #[expect(clippy::too_many_arguments, reason = "they are PyTorch's; nn::InstanceNorm2d is the way to pass fewer")]
    pub fn instance_norm(
        &self,
        running_mean: Option<&Self>,
        running_var: Option<&Self>,
        weight: Option<&Self>,
        bias: Option<&Self>,
        use_input_stats: bool,
        momentum: f64,
        eps: f64,
    ) -> Result<Self> {
        const OP: &str = "instance_norm";
        let given = [("weight", weight), ("bias", bias), ("running_mean", running_mean), ("running_var", running_var)];
        let channels = self.channels_for(OP, given)?;
        if !use_input_stats {
            if running_mean.is_none() || running_var.is_none() {
                let rule = "expected running_mean and running_var to be given when use_input_stats is false";
                return Err(Error::shape(OP, rule));
            }
            return self.batch_norm(running_mean, running_var, weight, bias, false, momentum, eps);
        }
        let n = self.dims()[2..].iter().product::<usize>();
        if n == 1 {
            let rule = format!("expected more than 1 spatial element when training, got input size {}", self.shape());
            return Err(Error::shape(OP, rule));
        }
        let by_channel = |t: Option<&Self>| t.map(|t| t.by_channel(self.ndim())).transpose();
        let (weight, bias) = (by_channel(weight)?, by_channel(bias)?);
        if self.numel() == 0 {
            return affine(self.clone(), weight.as_ref(), bias.as_ref());
        }
        let dims: Dims = (2..self.ndim()).collect();
        let stats = self.norm_stats(&dims, eps)?;
        no_grad(|| {
            let unbiased = stats.variance.mul_scalar(n as f64 / (n as f64 - 1.0))?;
            for (running, new) in [(running_mean, &stats.mean), (running_var, &unbiased)] {
                if let Some(running) = running {
                    let new = new.mean_dim(&[0], false)?.reshape_to(&Shape::from([channels]))?;
                    running.copy_(&running.mul_scalar(1.0 - momentum)?.add(&new.mul_scalar(momentum)?)?)?;
                }
            }
            Ok(())
        })?;
        affine(self.normalize(OP, &dims, eps, &stats, &[])?, weight.as_ref(), bias.as_ref())
    }

    /// Number of channels of an input (N, C, …) of floats, to each of which the tensors given have
    /// a number.
    ///
    /// # Errors
    /// Fewer than two dimensions; a tensor of another shape than (C); integers.
    fn channels_for<const N: usize>(&self, op: &'static str, given: [(&str, Option<&Self>); N]) -> Result<usize> {
        self.float_only(op)?;
        if self.ndim() < 2 {
            return Err(Error::shape(op, format!("expected an input of at least 2 dimensions, got {}", self.shape())));
        }
        let channels = self.dims()[1];
        match given.into_iter().find_map(|(name, t)| Some((name, t.filter(|t| t.dims() != [channels])?))) {
            None => Ok(channels),
            Some((name, tensor)) => Err(Error::shape(
                op,
                format!(
                    "expected {name} with a number for each of the {channels} channels of input {}, got shape {}",
                    self.shape(),
                    tensor.shape()
                ),
            )),
        }
    }

    /// A view of a vector (C) as (1, C, 1, …), to broadcast against an input of `ndim` dimensions.
    fn by_channel(&self, ndim: usize) -> Result<Self> {
        self.reshape_to(&Shape::new((0..ndim).map(|d| if d == 1 { self.numel() } else { 1 })))
    }
}

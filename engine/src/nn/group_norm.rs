//! `GroupNorm`: groups of channels of each sample normalized to mean 0 and variance 1.

use serde::{Deserialize, Serialize};

use super::batch_norm::{default_eps, is_eps};
use super::layer::{Build, LayerConfig, check_channels, default_true, is_true};
use super::{Module, init, members};
use crate::{Device, Error, Result, Tensor};

/// Group normalization of (N, C, …): (x − mean)/√(var + ε)·weight + bias, with mean and variance
/// over each group of C/num_groups channels of each sample. It is the same in training and
/// evaluation.
/// [torch.nn.GroupNorm](https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html)
///
/// ```
/// use kindling::nn::{GroupNorm, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let norm = GroupNorm::new(2, 4, &cpu)?;
/// let y = norm.forward(&Tensor::from_nested(&[[1.0_f32, 3.0, 10.0, 30.0]], &cpu)?)?.detach();
/// assert_eq!(y.to_string(), "tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct GroupNorm {
    /// Scale of each channel, initially 1.
    pub weight: Option<Tensor>,
    /// Shift of each channel, initially 0.
    pub bias: Option<Tensor>,
    spec: GroupNormSpec,
}

/// Hyper-parameters of [`GroupNorm`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupNormSpec {
    /// Number of groups; must divide the channels.
    pub num_groups: usize,
    /// Number of channels.
    pub num_channels: usize,
    /// Term added to the variance, 1e-5 by default.
    #[serde(default = "default_eps", skip_serializing_if = "is_eps")]
    pub eps: f64,
    /// Adds a weight and a bias; `true` by default.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub affine: bool,
}

impl GroupNormSpec {
    /// Creates hyper-parameters with PyTorch's ε, a weight and a bias.
    pub fn new(num_groups: usize, num_channels: usize) -> Self {
        Self { num_groups, num_channels, eps: default_eps(), affine: true }
    }

    fn check(&self) -> Result<(), String> {
        if self.num_groups == 0 || !self.num_channels.is_multiple_of(self.num_groups) {
            return Err(format!("has {} groups, which do not divide {} channels", self.num_groups, self.num_channels));
        }
        Ok(())
    }
}

impl GroupNorm {
    /// Creates a layer with PyTorch's ε.
    ///
    /// # Errors
    /// `num_groups` does not divide `num_channels`.
    pub fn new(num_groups: usize, num_channels: usize, device: &Device) -> Result<Self> {
        Self::from_spec(GroupNormSpec::new(num_groups, num_channels), device)
    }

    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// `num_groups` does not divide `num_channels`.
    pub fn from_spec(spec: GroupNormSpec, device: &Device) -> Result<Self> {
        spec.check().map_err(|rule| Error::shape("GroupNorm", rule))?;
        let [weight, bias] = init::scale_and_shift(spec.affine, spec.num_channels, device)?;
        Ok(Self { weight, bias, spec })
    }
}

impl Module for GroupNorm {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.group_norm(self.spec.num_groups, self.weight.as_ref(), self.bias.as_ref(), self.spec.eps)
    }

    members!(weight, bias, spec: _);
}

impl LayerConfig for GroupNormSpec {
    fn kind(&self) -> &'static str {
        "GroupNorm"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        self.check()?;
        check_channels(self.num_channels, input).map(|()| input.to_vec())
    }

    fn parameters(&self) -> u128 {
        if self.affine { self.num_channels as u128 * 2 } else { 0 }
    }

    fn fit(&mut self, input: &[usize]) {
        self.num_channels = input.first().copied().unwrap_or(self.num_channels);
    }
}

impl Build for GroupNormSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(GroupNorm::from_spec(self.clone(), device)?))
    }
}

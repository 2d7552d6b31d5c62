//! `Conv1d`: convolution of sequences.

use serde::{Deserialize, Serialize};

use super::conv2d::{ConvPadding, NamedPadding, is_none};
use super::layer::{
    Build, LayerConfig, Pair, check_channels, check_groups, default_single, default_true, is_single, is_true, product,
    size, times, windows,
};
use super::{Module, init, members};
use crate::ops::Conv1dOptions;
use crate::{Device, Error, Result, Tensor};

/// Convolution of sequences (N, C, L). `weight` is out×(in/groups)×k; weight and bias are drawn
/// from U(−b, b), b = 1/√(in/groups·k).
/// [torch.nn.Conv1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html)
///
/// ```
/// use kindling::nn::{Conv1d, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let conv = Conv1d::new(16, 33, 3, &cpu)?;
/// assert_eq!(conv.forward(&Tensor::zeros([20, 16, 50], &cpu)?)?.dims(), [20, 33, 48]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct Conv1d {
    /// Weight, out×(in/groups)×k.
    pub weight: Tensor,
    /// Bias of each output channel.
    pub bias: Option<Tensor>,
    options: Conv1dOptions,
}

/// Hyper-parameters of [`Conv1d`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv1dSpec {
    /// Number of input channels.
    pub in_channels: usize,
    /// Number of output channels.
    pub out_channels: usize,
    /// Length of the kernel.
    #[serde(deserialize_with = "size")]
    pub kernel_size: usize,
    /// Stride of the kernel, 1 by default.
    #[serde(default = "default_single", deserialize_with = "size", skip_serializing_if = "is_single")]
    pub stride: usize,
    /// Zeros at both ends, 0 by default.
    #[serde(default, skip_serializing_if = "is_none")]
    pub padding: ConvPadding,
    /// Distance of the kernel's elements, 1 by default.
    #[serde(default = "default_single", deserialize_with = "size", skip_serializing_if = "is_single")]
    pub dilation: usize,
    /// Number of groups of channels convolved separately, 1 by default.
    #[serde(default = "default_single", skip_serializing_if = "is_single")]
    pub groups: usize,
    /// Adds a bias; `true` by default.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub bias: bool,
}

impl Conv1dSpec {
    /// Creates hyper-parameters with stride 1, no padding, and a bias.
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: usize) -> Self {
        let (stride, padding, dilation, groups) = (1, ConvPadding::default(), 1, 1);
        Self { in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias: true }
    }

    fn check(&self) -> Result<(), String> {
        check_groups(self.groups, self.in_channels, self.out_channels)?;
        match self.padding {
            ConvPadding::Named(NamedPadding::Same) if self.stride != 1 => {
                Err("has padding 'same', which needs a stride of 1".into())
            }
            ConvPadding::Sizes(Pair([a, b])) if a != b => Err(format!("takes one padding, got ({a}, {b})")),
            _ => Ok(()),
        }
    }
}

impl Conv1d {
    /// Creates a convolution with stride 1, no padding, and a bias.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: usize, device: &Device) -> Result<Self> {
        Self::from_spec(&Conv1dSpec::new(in_channels, out_channels, kernel_size), device)
    }

    /// Creates a convolution from hyper-parameters.
    ///
    /// # Errors
    /// Groups that do not divide the channels; `same` padding with a stride.
    pub fn from_spec(spec: &Conv1dSpec, device: &Device) -> Result<Self> {
        spec.check().map_err(|rule| Error::shape("Conv1d", rule))?;
        let shape = [spec.out_channels, spec.in_channels / spec.groups, spec.kernel_size];
        let (weight, bias) = init::filters(&shape, spec.bias.then_some(spec.out_channels), device)?;
        let Conv1dSpec { stride, padding, dilation, groups, .. } = *spec;
        Ok(Self { weight, bias, options: Conv1dOptions { stride, padding: padding.options(), dilation, groups } })
    }
}

impl Module for Conv1d {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.conv1d(&self.weight, self.bias.as_ref(), &self.options)
    }

    members!(weight, bias, options: _);
}

impl LayerConfig for Conv1dSpec {
    fn kind(&self) -> &'static str {
        "Conv1d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let &[_, length] = input else {
            return Err(format!("expects channels×length, receives {}", times(input)));
        };
        check_channels(self.in_channels, input)?;
        self.check()?;
        let around = match self.padding {
            ConvPadding::Sizes(Pair([ends, _])) => ends,
            ConvPadding::Named(NamedPadding::Valid) => 0,
            ConvPadding::Named(NamedPadding::Same) => return Ok(vec![self.out_channels, length]),
        };
        let length = windows(length, self.kernel_size, self.stride, around, self.dilation, false)?;
        Ok(vec![self.out_channels, length])
    }

    fn parameters(&self) -> u128 {
        let filter = product(&[self.in_channels / self.groups.max(1), self.kernel_size]);
        filter.saturating_add(u128::from(self.bias)).saturating_mul(self.out_channels as u128)
    }

    fn fit(&mut self, input: &[usize]) {
        if let [channels, ..] = *input {
            self.in_channels = channels;
        }
    }
}

impl Build for Conv1dSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(Conv1d::from_spec(self, device)?))
    }
}

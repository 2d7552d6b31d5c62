//! `Conv2d`: convolution of pictures.

use serde::{Deserialize, Serialize};

use super::layer::{Build, Layer, Pair, is_yes, picture, times, windows, yes};
use super::{Members, Module, init};
use crate::ops::{Conv2dOptions, Padding};
use crate::{Device, Error, Result, Tensor};

/// Convolution of pictures (NCHW). `weight` is out×(in/groups)×h×w; weight and bias are drawn from U(−k, k),
/// k = 1/√(in/groups·h·w). [torch.nn.Conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html)
#[derive(Debug)]
pub struct Conv2d {
    /// out×(in/groups)×h×w.
    pub weight: Tensor,
    /// One number a channel of the result.
    pub bias: Option<Tensor>,
    options: Conv2dOptions,
}

/// The hyper-parameters of [`Conv2d`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2dSpec {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the result.
    pub out_channels: usize,
    /// The window.
    pub kernel_size: Pair,
    /// From one window to the next.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stride: Pair,
    /// Zeros around the picture.
    #[serde(default, skip_serializing_if = "is_none")]
    pub padding: ConvPadding,
    /// From one element of a window to the next.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub dilation: Pair,
    /// Groups of channels that do not see each other.
    #[serde(default = "single", skip_serializing_if = "is_single")]
    pub groups: usize,
    /// Whether a bias is added.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub bias: bool,
}

/// Zeros around a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ConvPadding {
    /// So many on every side.
    Sizes(Pair),
    /// By name.
    Named(NamedPadding),
}

/// Padding by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NamedPadding {
    /// As many as keep the size; needs a stride of 1.
    Same,
    /// None.
    Valid,
}

impl Default for ConvPadding {
    fn default() -> Self {
        Self::Sizes(Pair([0; 2]))
    }
}

fn one() -> Pair {
    Pair([1; 2])
}

fn is_one(pair: &Pair) -> bool {
    *pair == one()
}

fn is_none(padding: &ConvPadding) -> bool {
    *padding == ConvPadding::default()
}

fn single() -> usize {
    1
}

fn is_single(groups: &usize) -> bool {
    *groups == 1
}

impl Conv2dSpec {
    /// A convolution with stride 1, no padding, and a bias.
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: impl Into<Pair>) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel_size: kernel_size.into(),
            stride: one(),
            padding: ConvPadding::default(),
            dilation: one(),
            groups: 1,
            bias: true,
        }
    }

    /// From one window to the next.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = stride.into();
        self
    }

    /// Zeros on every side.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.padding = ConvPadding::Sizes(padding.into());
        self
    }

    /// From one element of a window to the next.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// Groups of channels that do not see each other.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Whether a bias is added.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    fn check(&self) -> Result<(), String> {
        let Self { in_channels, out_channels, groups, .. } = self;
        if *groups == 0 || in_channels % groups != 0 || out_channels % groups != 0 {
            return Err(format!("has {groups} groups, which do not divide {in_channels} and {out_channels} channels"));
        }
        if self.padding == ConvPadding::Named(NamedPadding::Same) && self.stride != one() {
            return Err("has padding 'same', which needs a stride of 1".into());
        }
        Ok(())
    }
}

impl Conv2d {
    /// A convolution with stride 1, no padding, and a bias.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: impl Into<Pair>, device: &Device) -> Result<Self> {
        Self::of(&Conv2dSpec::new(in_channels, out_channels, kernel_size), device)
    }

    /// A convolution of these hyper-parameters.
    ///
    /// # Errors
    /// Groups that do not divide the channels; `same` padding with a stride.
    pub fn of(spec: &Conv2dSpec, device: &Device) -> Result<Self> {
        spec.check().map_err(|rule| Error::shape("Conv2d", rule))?;
        let [h, w] = spec.kernel_size.0;
        let shape = [spec.out_channels, spec.in_channels / spec.groups, h, w];
        let fan_in = (shape[1] * h * w).max(1);
        let bound = 1.0 / (fan_in as f64).sqrt();
        let weight = init::parameter(&shape, bound, device)?;
        let bias = spec.bias.then(|| init::parameter(&[spec.out_channels], bound, device)).transpose()?;
        let padding = match spec.padding {
            ConvPadding::Sizes(Pair(sizes)) => Padding::Explicit(sizes),
            ConvPadding::Named(NamedPadding::Same) => Padding::Same,
            ConvPadding::Named(NamedPadding::Valid) => Padding::Valid,
        };
        let options = Conv2dOptions { stride: spec.stride.0, padding, dilation: spec.dilation.0, groups: spec.groups };
        Ok(Self { weight, bias, options })
    }
}

impl Module for Conv2d {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.conv2d(&self.weight, self.bias.as_ref(), &self.options)
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        to.parameter("weight", &self.weight);
        if let Some(bias) = &self.bias {
            to.parameter("bias", bias);
        }
    }
}

impl Layer for Conv2dSpec {
    fn kind(&self) -> &'static str {
        "Conv2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [channels, height, width] = picture(input)?;
        if channels != self.in_channels {
            return Err(format!("expects {} channels, receives {channels} of {}", self.in_channels, times(input)));
        }
        self.check()?;
        let (k, s, d) = (self.kernel_size.0, self.stride.0, self.dilation.0);
        let p = match self.padding {
            ConvPadding::Sizes(Pair(sizes)) => sizes,
            ConvPadding::Named(NamedPadding::Valid) => [0; 2],
            ConvPadding::Named(NamedPadding::Same) => return Ok(vec![self.out_channels, height, width]),
        };
        let side = |size: usize, i: usize| windows(size, k[i], s[i], p[i], d[i]);
        Ok(vec![self.out_channels, side(height, 0)?, side(width, 1)?])
    }

    fn parameters(&self) -> usize {
        let window = self.in_channels / self.groups.max(1) * self.kernel_size.0[0] * self.kernel_size.0[1];
        self.out_channels * (window + usize::from(self.bias))
    }

    fn fit(&mut self, input: &[usize]) {
        if let [channels, ..] = *input {
            self.in_channels = channels;
        }
    }
}

impl Build for Conv2dSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(Conv2d::of(self, device)?))
    }
}

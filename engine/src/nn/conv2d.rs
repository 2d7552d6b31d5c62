//! `Conv2d`: convolution of images.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::layer::{
    Build, LayerConfig, Pair, SizesOrName, check_channels, check_groups, default_single, default_true, image_dims,
    is_one, is_single, is_true, one, product, windows,
};
use super::{Module, init, members};
use crate::ops::{Conv2dOptions, Padding};
use crate::{Device, Error, Result, Tensor};

/// Convolution of images (NCHW). `weight` is out×(in/groups)×h×w; weight and bias are drawn from
/// U(−k, k), k = 1/√(in/groups·h·w).
/// [torch.nn.Conv2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html)
///
/// ```
/// use kindling::nn::{Conv2d, Conv2dSpec, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let conv = Conv2d::from_spec(&Conv2dSpec::new(3, 16, 3).stride(2).padding(1), &cpu)?;
/// assert_eq!(conv.forward(&Tensor::zeros([8, 3, 32, 32], &cpu)?)?.dims(), [8, 16, 16, 16]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct Conv2d {
    /// Weight, out×(in/groups)×h×w.
    pub weight: Tensor,
    /// Bias of each output channel.
    pub bias: Option<Tensor>,
    options: Conv2dOptions,
}

/// Hyper-parameters of [`Conv2d`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2dSpec {
    /// Number of input channels.
    pub in_channels: usize,
    /// Number of output channels.
    pub out_channels: usize,
    /// Height and width of the kernel.
    pub kernel_size: Pair,
    /// Stride of the kernel, 1 by default.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stride: Pair,
    /// Zeros around the image, 0 by default.
    #[serde(default, skip_serializing_if = "is_none")]
    pub padding: ConvPadding,
    /// Distance of the kernel's elements, 1 by default.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub dilation: Pair,
    /// Number of groups of channels convolved separately, 1 by default.
    #[serde(default = "default_single", skip_serializing_if = "is_single")]
    pub groups: usize,
    /// Adds a bias; `true` by default.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub bias: bool,
}

/// Zeros around an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ConvPadding {
    /// The number of zeros above and below, and left and right.
    Sizes(Pair),
    /// Padding by name.
    Named(NamedPadding),
}

impl<'de> Deserialize<'de> for ConvPadding {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "one size or two, of at least 0, 'same' or 'valid'";
        match SizesOrName::read(from, EXPECTED, &["same", "valid"])? {
            SizesOrName::Name("same") => Ok(Self::Named(NamedPadding::Same)),
            SizesOrName::Name(_) => Ok(Self::Named(NamedPadding::Valid)),
            SizesOrName::Sizes(sizes) => match sizes.pair() {
                Some(pair) => Ok(Self::Sizes(pair)),
                None => Err(D::Error::custom(format!("expected {EXPECTED}, got {} sizes", sizes.0.len()))),
            },
        }
    }
}

/// Padding by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NamedPadding {
    /// Padding that preserves the size; requires a stride of 1.
    Same,
    /// No padding.
    Valid,
}

impl Default for ConvPadding {
    fn default() -> Self {
        Self::Sizes(Pair([0; 2]))
    }
}

impl ConvPadding {
    /// Returns the operation's padding.
    pub(super) fn options(self) -> Padding {
        match self {
            Self::Sizes(Pair(sizes)) => Padding::Explicit(sizes),
            Self::Named(NamedPadding::Same) => Padding::Same,
            Self::Named(NamedPadding::Valid) => Padding::Valid,
        }
    }
}

pub(super) fn is_none(padding: &ConvPadding) -> bool {
    *padding == ConvPadding::default()
}

impl Conv2dSpec {
    /// Creates hyper-parameters with stride 1, no padding, and a bias.
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

    /// Sets the stride of the kernel.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = stride.into();
        self
    }

    /// Sets the zeros on every side.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.padding = ConvPadding::Sizes(padding.into());
        self
    }

    /// Sets the distance of the kernel's elements.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// Sets the number of groups of channels convolved separately.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Adds a bias or not.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    fn check(&self) -> Result<(), String> {
        check_groups(self.groups, self.in_channels, self.out_channels)?;
        if self.padding == ConvPadding::Named(NamedPadding::Same) && self.stride != one() {
            return Err("has padding 'same', which needs a stride of 1".into());
        }
        Ok(())
    }
}

impl Conv2d {
    /// Creates a convolution with stride 1, no padding, and a bias.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: impl Into<Pair>, device: &Device) -> Result<Self> {
        Self::from_spec(&Conv2dSpec::new(in_channels, out_channels, kernel_size), device)
    }

    /// Creates a convolution from hyper-parameters.
    ///
    /// # Errors
    /// Groups that do not divide the channels; `same` padding with a stride.
    pub fn from_spec(spec: &Conv2dSpec, device: &Device) -> Result<Self> {
        spec.check().map_err(|rule| Error::shape("Conv2d", rule))?;
        let [h, w] = spec.kernel_size.0;
        let shape = [spec.out_channels, spec.in_channels / spec.groups, h, w];
        let (weight, bias) = init::filters(&shape, spec.bias.then_some(spec.out_channels), device)?;
        let Conv2dSpec { stride, padding, dilation, groups, .. } = spec;
        let (stride, padding, dilation, groups) = (stride.0, padding.options(), dilation.0, *groups);
        Ok(Self { weight, bias, options: Conv2dOptions { stride, padding, dilation, groups } })
    }
}

impl Module for Conv2d {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.conv2d(&self.weight, self.bias.as_ref(), &self.options)
    }

    members!(weight, bias, options: _);
}

impl LayerConfig for Conv2dSpec {
    fn kind(&self) -> &'static str {
        "Conv2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [_, height, width] = image_dims(input)?;
        check_channels(self.in_channels, input)?;
        self.check()?;
        let (k, s, d) = (self.kernel_size.0, self.stride.0, self.dilation.0);
        let p = match self.padding {
            ConvPadding::Sizes(Pair(sizes)) => sizes,
            ConvPadding::Named(NamedPadding::Valid) => [0; 2],
            ConvPadding::Named(NamedPadding::Same) => return Ok(vec![self.out_channels, height, width]),
        };
        let side = |size: usize, i: usize| windows(size, k[i], s[i], p[i], d[i], false);
        Ok(vec![self.out_channels, side(height, 0)?, side(width, 1)?])
    }

    fn parameters(&self) -> u128 {
        let [height, width] = self.kernel_size.0;
        let filter = product(&[self.in_channels / self.groups.max(1), height, width]);
        filter.saturating_add(u128::from(self.bias)).saturating_mul(self.out_channels as u128)
    }

    fn fit(&mut self, input: &[usize]) {
        if let [channels, ..] = *input {
            self.in_channels = channels;
        }
    }
}

impl Build for Conv2dSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(Conv2d::from_spec(self, device)?))
    }
}

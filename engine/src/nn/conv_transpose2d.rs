//! `ConvTranspose2d`: transposed convolution of images.

use serde::{Deserialize, Serialize};

use super::layer::{
    Build, LayerConfig, Pair, check_channels, check_groups, default_single, default_true, image_dims, is_one,
    is_single, is_true, one, product, times,
};
use super::max_pool2d::{is_none, none};
use super::{Module, init, members};
use crate::ops::ConvTranspose2dOptions;
use crate::{Device, Error, Result, Tensor};

/// Transposed convolution of images (NCHW): every element of the input adds the kernel, times
/// itself, to the output. `weight` is in×(out/groups)×h×w; weight and bias are drawn from
/// U(−k, k), k = 1/√(out/groups·h·w).
/// [torch.nn.ConvTranspose2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html)
///
/// ```
/// use kindling::nn::{ConvTranspose2d, ConvTranspose2dSpec, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let conv = ConvTranspose2d::from_spec(&ConvTranspose2dSpec::new(16, 8, 2).stride(2), &cpu)?;
/// assert_eq!(conv.forward(&Tensor::zeros([4, 16, 12, 12], &cpu)?)?.dims(), [4, 8, 24, 24]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct ConvTranspose2d {
    /// Weight, in×(out/groups)×h×w.
    pub weight: Tensor,
    /// Bias of each output channel.
    pub bias: Option<Tensor>,
    options: ConvTranspose2dOptions,
}

/// Hyper-parameters of [`ConvTranspose2d`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvTranspose2dSpec {
    /// Number of input channels.
    pub in_channels: usize,
    /// Number of output channels.
    pub out_channels: usize,
    /// Height and width of the kernel.
    pub kernel_size: Pair,
    /// Stride of the kernel over the output, 1 by default.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stride: Pair,
    /// Rows and columns cut off the output on every side, 0 by default.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub padding: Pair,
    /// Rows and columns added to the output at the bottom and at the right, 0 by default.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub output_padding: Pair,
    /// Number of groups of channels convolved separately, 1 by default.
    #[serde(default = "default_single", skip_serializing_if = "is_single")]
    pub groups: usize,
    /// Adds a bias; `true` by default.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub bias: bool,
    /// Distance of the kernel's elements, 1 by default.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub dilation: Pair,
}

impl ConvTranspose2dSpec {
    /// Creates hyper-parameters with stride 1, no padding, and a bias.
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: impl Into<Pair>) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel_size: kernel_size.into(),
            stride: one(),
            padding: none(),
            output_padding: none(),
            groups: 1,
            bias: true,
            dilation: one(),
        }
    }

    /// Sets the stride of the kernel over the output.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = stride.into();
        self
    }

    fn check(&self) -> Result<(), String> {
        check_groups(self.groups, self.in_channels, self.out_channels)?;
        let (stride, dilation, extra) = (self.stride.0, self.dilation.0, self.output_padding.0);
        if [self.kernel_size.0, stride, dilation].concat().contains(&0) {
            return Err("needs a kernel_size, stride and dilation of at least 1".into());
        }
        if (0..2).any(|d| extra[d] >= stride[d] && extra[d] >= dilation[d]) {
            let extra = self.output_padding;
            return Err(format!("has an output_padding of {extra:?}, which must be below the stride or the dilation"));
        }
        Ok(())
    }

    /// The size of the output along dimension `d`; `None` if nothing is left, or it overflows.
    fn side(&self, size: usize, d: usize) -> Option<usize> {
        let reach = self.dilation.0[d].checked_mul(self.kernel_size.0[d].checked_sub(1)?)?;
        let full = size.checked_sub(1)?.checked_mul(self.stride.0[d])?.checked_add(reach)?;
        let full = full.checked_add(self.output_padding.0[d])?.checked_add(1)?;
        full.checked_sub(self.padding.0[d].checked_mul(2)?).filter(|side| *side > 0)
    }
}

impl ConvTranspose2d {
    /// Creates a layer with stride 1, no padding, and a bias.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: impl Into<Pair>, device: &Device) -> Result<Self> {
        Self::from_spec(&ConvTranspose2dSpec::new(in_channels, out_channels, kernel_size), device)
    }

    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// Groups that do not divide the channels; an output padding below neither stride nor dilation.
    pub fn from_spec(spec: &ConvTranspose2dSpec, device: &Device) -> Result<Self> {
        spec.check().map_err(|rule| Error::shape("ConvTranspose2d", rule))?;
        let [h, w] = spec.kernel_size.0;
        let shape = [spec.in_channels, spec.out_channels / spec.groups, h, w];
        let (weight, bias) = init::filters(&shape, spec.bias.then_some(spec.out_channels), device)?;
        let options = ConvTranspose2dOptions {
            stride: spec.stride.0,
            padding: spec.padding.0,
            output_padding: spec.output_padding.0,
            dilation: spec.dilation.0,
            groups: spec.groups,
        };
        Ok(Self { weight, bias, options })
    }
}

impl Module for ConvTranspose2d {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.conv_transpose2d(&self.weight, self.bias.as_ref(), &self.options)
    }

    members!(weight, bias, options: _);
}

impl LayerConfig for ConvTranspose2dSpec {
    fn kind(&self) -> &'static str {
        "ConvTranspose2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [_, height, width] = image_dims(input)?;
        check_channels(self.in_channels, input)?;
        self.check()?;
        match (self.side(height, 0), self.side(width, 1)) {
            (Some(height), Some(width)) => Ok(vec![self.out_channels, height, width]),
            _ => Err(format!("leaves nothing of {} with a padding of {:?}", times(input), self.padding)),
        }
    }

    fn parameters(&self) -> u128 {
        let [height, width] = self.kernel_size.0;
        let weight = product(&[self.in_channels, self.out_channels / self.groups.max(1), height, width]);
        weight.saturating_add(if self.bias { self.out_channels as u128 } else { 0 })
    }

    fn fit(&mut self, input: &[usize]) {
        if let [channels, ..] = *input {
            self.in_channels = channels;
        }
    }
}

impl Build for ConvTranspose2dSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(ConvTranspose2d::from_spec(self, device)?))
    }
}

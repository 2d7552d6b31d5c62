//! `MaxPool2d`: max pooling over windows.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, Pair, image_dims, is_false, is_one, one, stateless, windows};
use crate::ops::MaxPool2dOptions;
use crate::{Device, Result};

/// Max pooling over windows.
/// [torch.nn.MaxPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html)
///
/// ```
/// use kindling::nn::{MaxPool2d, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let images = Tensor::zeros([8, 3, 32, 32], &cpu)?;
/// assert_eq!(MaxPool2d::new(3).stride(2).padding(1).forward(&images)?.dims(), [8, 3, 16, 16]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPool2d {
    /// Height and width of a window.
    pub kernel_size: Pair,
    /// Stride of the windows; the kernel size by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    /// Padding of −∞ around the image, 0 by default.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub padding: Pair,
    /// Distance of a window's elements, 1 by default.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub dilation: Pair,
    /// Allows windows to reach over the end; `false` by default.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ceil_mode: bool,
}

pub(super) fn none() -> Pair {
    Pair([0; 2])
}

pub(super) fn is_none(pair: &Pair) -> bool {
    *pair == none()
}

impl MaxPool2d {
    /// Creates a layer with adjacent windows.
    pub fn new(kernel_size: impl Into<Pair>) -> Self {
        Self { kernel_size: kernel_size.into(), stride: None, padding: none(), dilation: one(), ceil_mode: false }
    }

    /// Sets the stride of the windows.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = Some(stride.into());
        self
    }

    /// Sets the padding of −∞ around the image.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.padding = padding.into();
        self
    }
}

/// The shape after pooling.
///
/// # Errors
/// An input that is no image, padding beyond half of the kernel, or no window that fits.
pub(super) fn pooled(
    input: &[usize],
    kernel: Pair,
    stride: Option<Pair>,
    padding: Pair,
    dilation: Pair,
    ceil_mode: bool,
) -> Result<Vec<usize>, String> {
    let [channels, height, width] = image_dims(input)?;
    let stride = stride.unwrap_or(kernel);
    let side = |size: usize, i: usize| {
        let (k, s, p, d) = (kernel.0[i], stride.0[i], padding.0[i], dilation.0[i]);
        // PyTorch's rule does not take the dilation into account.
        if k > 0 && p > k / 2 {
            return Err(format!("has a padding of {p}, more than half of its kernel_size of {k}"));
        }
        windows(size, k, s, p, d, ceil_mode)
    };
    Ok(vec![channels, side(height, 0)?, side(width, 1)?])
}

stateless!(MaxPool2d, |self, input| {
    input.max_pool2d(&MaxPool2dOptions {
        kernel_size: self.kernel_size.0,
        stride: self.stride.unwrap_or(self.kernel_size).0,
        padding: self.padding.0,
        dilation: self.dilation.0,
        ceil_mode: self.ceil_mode,
    })
});

impl LayerConfig for MaxPool2d {
    fn kind(&self) -> &'static str {
        "MaxPool2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        pooled(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
    }
}

impl Build for MaxPool2d {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}

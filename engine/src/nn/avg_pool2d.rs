//! `AvgPool2d`: average pooling over windows.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, LayerConfig, Pair, default_true, is_false, is_true, one, stateless};
use super::max_pool2d::{is_none, none, pooled};
use crate::ops::AvgPool2dOptions;
use crate::{Device, Result};

/// Average pooling over windows.
/// [torch.nn.AvgPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html)
///
/// ```
/// use kindling::nn::{AvgPool2d, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let images = Tensor::zeros([8, 3, 32, 32], &cpu)?;
/// assert_eq!(AvgPool2d::new(2).forward(&images)?.dims(), [8, 3, 16, 16]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvgPool2d {
    /// Height and width of a window.
    pub kernel_size: Pair,
    /// Stride of the windows; the kernel size by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    /// Zeros around the image, 0 by default.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub padding: Pair,
    /// Allows windows to reach over the end; `false` by default.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ceil_mode: bool,
    /// Counts zeros of the padding as elements; `true` by default.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub count_include_pad: bool,
    /// Divisor of the sums instead of the number of elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divisor_override: Option<usize>,
}

impl AvgPool2d {
    /// Creates a layer with adjacent windows.
    pub fn new(kernel_size: impl Into<Pair>) -> Self {
        Self {
            kernel_size: kernel_size.into(),
            stride: None,
            padding: none(),
            ceil_mode: false,
            count_include_pad: true,
            divisor_override: None,
        }
    }

    /// Sets the stride of the windows.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = Some(stride.into());
        self
    }

    /// Zeros around the image.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.padding = padding.into();
        self
    }
}

stateless!(AvgPool2d, |self, input| {
    input.avg_pool2d(&AvgPool2dOptions {
        kernel_size: self.kernel_size.0,
        stride: self.stride.unwrap_or(self.kernel_size).0,
        padding: self.padding.0,
        ceil_mode: self.ceil_mode,
        count_include_pad: self.count_include_pad,
        divisor_override: self.divisor_override,
    })
});

impl LayerConfig for AvgPool2d {
    fn kind(&self) -> &'static str {
        "AvgPool2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if self.divisor_override == Some(0) {
            return Err("has divisor_override=0, which must not be 0".into());
        }
        pooled(input, self.kernel_size, self.stride, self.padding, one(), self.ceil_mode)
    }
}

impl Build for AvgPool2d {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}

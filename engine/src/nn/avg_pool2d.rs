//! `AvgPool2d`: the mean of each window.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, Layer, Pair, is_no, stateless};
use super::max_pool2d::{is_none, none, pooled};
use crate::ops::AvgPool2dOptions;
use crate::{Device, Result};

/// The mean of each window.
/// [torch.nn.AvgPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvgPool2d {
    /// The window.
    pub kernel_size: Pair,
    /// From one window to the next; the window's own size if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    /// Zeros around the picture, which count.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub padding: Pair,
    /// Whether windows that reach beyond the end count.
    #[serde(default, skip_serializing_if = "is_no")]
    pub ceil_mode: bool,
}

impl AvgPool2d {
    /// Windows side by side.
    pub fn new(kernel_size: impl Into<Pair>) -> Self {
        Self { kernel_size: kernel_size.into(), stride: None, padding: none(), ceil_mode: false }
    }

    /// From one window to the next.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = Some(stride.into());
        self
    }

    /// Zeros around the picture, which count.
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
        ..AvgPool2dOptions::new(self.kernel_size.0)
    })
});

impl Layer for AvgPool2d {
    fn kind(&self) -> &'static str {
        "AvgPool2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        pooled(input, self.kernel_size, self.stride, self.padding, self.ceil_mode)
    }

    fn parameters(&self) -> usize {
        0
    }

    fn fit(&mut self, _input: &[usize]) {}
}

impl Build for AvgPool2d {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}

//! `MaxPool2d`: the largest element of each window.

use serde::{Deserialize, Serialize};

use super::Module;
use super::layer::{Build, Layer, Pair, is_no, picture, stateless, windows};
use crate::ops::MaxPool2dOptions;
use crate::{Device, Result};

/// The largest element of each window.
/// [torch.nn.MaxPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPool2d {
    /// The window.
    pub kernel_size: Pair,
    /// From one window to the next; the window's own size if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    /// −∞ around the picture.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub padding: Pair,
    /// Whether windows that reach beyond the end count.
    #[serde(default, skip_serializing_if = "is_no")]
    pub ceil_mode: bool,
}

pub(super) fn none() -> Pair {
    Pair([0; 2])
}

pub(super) fn is_none(pair: &Pair) -> bool {
    *pair == none()
}

impl MaxPool2d {
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

    /// −∞ around the picture.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.padding = padding.into();
        self
    }
}

/// The shape after pooling.
pub(super) fn pooled(
    input: &[usize],
    kernel: Pair,
    stride: Option<Pair>,
    padding: Pair,
    ceil_mode: bool,
) -> Result<Vec<usize>, String> {
    let [channels, height, width] = picture(input)?;
    let stride = stride.unwrap_or(kernel);
    let side = |size: usize, i: usize| {
        let (k, s, p) = (kernel.0[i], stride.0[i], padding.0[i]);
        if p * 2 > k {
            return Err(format!("has a padding of {p}, more than half of its window of {k}"));
        }
        let floor = windows(size, k, s, p, 1)?;
        // One more window if it starts inside of the picture or its left padding.
        let more = ceil_mode && !(size + 2 * p - k).is_multiple_of(s) && floor * s < size + p;
        Ok(floor + usize::from(more))
    };
    Ok(vec![channels, side(height, 0)?, side(width, 1)?])
}

stateless!(MaxPool2d, |self, input| {
    input.max_pool2d(&MaxPool2dOptions {
        kernel_size: self.kernel_size.0,
        stride: self.stride.unwrap_or(self.kernel_size).0,
        padding: self.padding.0,
        ceil_mode: self.ceil_mode,
        ..MaxPool2dOptions::new(self.kernel_size.0)
    })
});

impl Layer for MaxPool2d {
    fn kind(&self) -> &'static str {
        "MaxPool2d"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        pooled(input, self.kernel_size, self.stride, self.padding, self.ceil_mode)
    }

    fn parameters(&self) -> usize {
        0
    }

    fn fit(&mut self, _input: &[usize]) {}
}

impl Build for MaxPool2d {
    fn build(&self, _device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.clone()))
    }
}

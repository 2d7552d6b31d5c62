//! Layers as plain data: output shape, number of parameters, construction. Shapes have no batch
//! dimension and need no device, so an editor can show them during typing.

use std::fmt::{self, Debug};

use serde::{Deserialize, Serialize};

use super::Module;
use crate::{Device, Result};

/// Hyper-parameters of a layer, as plain data.
pub trait LayerConfig: Debug {
    /// Returns PyTorch's name of the layer.
    fn kind(&self) -> &'static str;

    /// Returns the output shape for an input shape, both without the batch dimension.
    ///
    /// # Errors
    /// The mismatch, as a phrase that follows the layer's name: "expects 400 inputs, receives 256".
    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String>;

    /// Returns the number of parameters.
    fn parameters(&self) -> usize;

    /// Adapts hyper-parameters determined by the input's shape, such as the number of channels.
    fn fit(&mut self, input: &[usize]);
}

/// Construction of a layer. Separate from [`LayerConfig`], so that a program that only describes
/// models, as the page does, contains no kernels.
pub trait Build: LayerConfig {
    /// Builds the layer, initialized as in PyTorch.
    ///
    /// # Errors
    /// Invalid hyper-parameters; the device cannot compute.
    fn build(&self, device: &Device) -> Result<Box<dyn Module>>;
}

/// Height and width; a single number is used for both.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrTwo", into = "OneOrTwo")]
pub struct Pair(pub [usize; 2]);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrTwo {
    One(usize),
    Two([usize; 2]),
}

impl From<OneOrTwo> for Pair {
    fn from(sizes: OneOrTwo) -> Self {
        match sizes {
            OneOrTwo::One(size) => Self([size; 2]),
            OneOrTwo::Two(sizes) => Self(sizes),
        }
    }
}

impl From<Pair> for OneOrTwo {
    fn from(Pair(sizes): Pair) -> Self {
        if sizes[0] == sizes[1] { Self::One(sizes[0]) } else { Self::Two(sizes) }
    }
}

impl From<usize> for Pair {
    fn from(size: usize) -> Self {
        Self([size; 2])
    }
}

impl From<[usize; 2]> for Pair {
    fn from(sizes: [usize; 2]) -> Self {
        Self(sizes)
    }
}

impl Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.0[0], self.0[1])
    }
}

/// Formats a shape as 16×4×4.
pub(crate) fn times(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

/// Returns channels, height and width of an image.
pub(super) fn image_dims(input: &[usize]) -> Result<[usize; 3], String> {
    <[usize; 3]>::try_from(input).map_err(|_| {
        format!(
            "expects channels×height×width, receives {}",
            if input.is_empty() { "one number".into() } else { times(input) }
        )
    })
}

/// Returns the number of windows along one side.
pub(super) fn windows(
    size: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
) -> Result<usize, String> {
    if kernel == 0 || stride == 0 || dilation == 0 {
        return Err("needs a kernel_size, stride and dilation of at least 1".into());
    }
    let (padded, reach) = (size + 2 * padding, dilation * (kernel - 1) + 1);
    if reach > padded {
        return Err(format!(
            "has windows of {reach}, which do not fit a side of {padded}{}",
            if padding > 0 { " with its padding" } else { "" }
        ));
    }
    Ok((padded - reach) / stride + 1)
}

/// Implements `Module` for a layer without parameters.
macro_rules! stateless {
    ($name:ident, |$self:ident, $input:ident| $forward:expr) => {
        impl $crate::nn::Module for $name {
            fn forward(&$self, $input: &$crate::Tensor) -> $crate::Result<$crate::Tensor> {
                $forward
            }

            fn members<'a>(&'a self, _to: &mut $crate::nn::Members<'a>) {}
        }
    };
}
pub(super) use stateless;

pub(super) fn default_true() -> bool {
    true
}

pub(super) fn is_true(value: &bool) -> bool {
    *value
}

pub(super) fn is_false(value: &bool) -> bool {
    !*value
}

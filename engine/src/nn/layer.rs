//! Layers as plain data: output shape, number of parameters, construction. Shapes have no batch
//! dimension and need no device, so an editor can show them during typing.

use std::fmt::{self, Debug};

use serde::de::{Error as _, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Module;
use crate::ops::pooled_size;
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

    /// Number of parameters; `u128::MAX` where the number is larger.
    fn parameters(&self) -> u128 {
        0
    }

    /// Returns `true` if it has parameters or statistics, which a state dict names.
    fn has_state(&self) -> bool {
        self.parameters() > 0
    }

    /// Takes over what the input's shape determines, such as the number of channels.
    fn fit(&mut self, _input: &[usize]) {}
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

/// A height and a width; one number means both.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "OneOrTwo")]
pub struct Pair(pub [usize; 2]);

#[derive(Serialize)]
#[serde(untagged)]
enum OneOrTwo {
    One(usize),
    Two([usize; 2]),
}

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let sizes = Sizes::read(from, "one size or two, of at least 0")?;
        sizes.pair().ok_or_else(|| D::Error::custom(format!("expected one size or two, got {}", sizes.0.len())))
    }
}

/// A size, or a list of sizes.
pub(super) struct Sizes(pub Vec<usize>);

impl Sizes {
    /// Reads a size or a list of sizes; `expected` completes "expected …".
    ///
    /// # Errors
    /// Something else.
    pub fn read<'de, D: Deserializer<'de>>(from: D, expected: &'static str) -> Result<Self, D::Error> {
        match SizesOrName::read(from, expected, &[])? {
            SizesOrName::Sizes(sizes) => Ok(sizes),
            SizesOrName::Name(name) => Err(D::Error::custom(format!("expected {expected}, got '{name}'"))),
        }
    }

    /// Height and width, of which one size gives both.
    pub fn pair(&self) -> Option<Pair> {
        match *self.0.as_slice() {
            [size] => Some(Pair([size; 2])),
            [height, width] => Some(Pair([height, width])),
            _ => None,
        }
    }
}

/// Sizes, or one of a few names that stand for them.
pub(super) enum SizesOrName {
    /// The sizes.
    Sizes(Sizes),
    /// The name.
    Name(&'static str),
}

impl SizesOrName {
    /// Reads a size, a list of sizes, or one of the names; `expected` completes "expected …".
    ///
    /// # Errors
    /// Something else.
    pub fn read<'de, D: Deserializer<'de>>(
        from: D,
        expected: &'static str,
        names: &'static [&'static str],
    ) -> Result<Self, D::Error> {
        from.deserialize_any(SizesVisitor { expected, names })
    }
}

struct SizesVisitor {
    expected: &'static str,
    names: &'static [&'static str],
}

impl<'de> Visitor<'de> for SizesVisitor {
    type Value = SizesOrName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_u64<E: serde::de::Error>(self, size: u64) -> Result<SizesOrName, E> {
        match usize::try_from(size) {
            Ok(size) => Ok(SizesOrName::Sizes(Sizes(vec![size]))),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(size), &self)),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, size: i64) -> Result<SizesOrName, E> {
        match u64::try_from(size) {
            Ok(size) => self.visit_u64(size),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(size), &self)),
        }
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<SizesOrName, E> {
        match self.names.iter().find(|known| **known == name) {
            Some(known) => Ok(SizesOrName::Name(known)),
            None => Err(E::invalid_value(Unexpected::Str(name), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<SizesOrName, A::Error> {
        let mut sizes = Vec::new();
        while let Some(size) = list.next_element()? {
            sizes.push(size);
        }
        Ok(SizesOrName::Sizes(Sizes(sizes)))
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

/// Checks the number of channels, the first dimension.
///
/// # Errors
/// Another number.
pub(super) fn check_channels(expected: usize, input: &[usize]) -> Result<(), String> {
    match input.first() {
        Some(channels) if *channels == expected => Ok(()),
        Some(channels) => Err(format!("expects {expected} channels, receives {channels} of {}", times(input))),
        None => Err(format!("expects {expected} channels, receives one number")),
    }
}

/// Checks that groups of channels divide the channels of input and output.
///
/// # Errors
/// They do not.
pub(super) fn check_groups(groups: usize, inputs: usize, outputs: usize) -> Result<(), String> {
    if groups == 0 || !inputs.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
        return Err(format!("has {groups} groups, which do not divide {inputs} and {outputs} channels"));
    }
    Ok(())
}

/// The number of windows along one side.
///
/// # Errors
/// A kernel, stride or dilation of 0; no window fits.
pub(super) fn windows(
    size: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
    ceil_mode: bool,
) -> Result<usize, String> {
    if kernel == 0 || stride == 0 || dilation == 0 {
        return Err("needs a kernel_size, stride and dilation of at least 1".into());
    }
    pooled_size(size, kernel, stride, padding, dilation, ceil_mode).ok_or_else(|| {
        let reach = (kernel - 1).saturating_mul(dilation).saturating_add(1);
        let padded = if padding > 0 { format!(" with its padding of {padding}") } else { String::new() };
        format!("has windows of {reach}, which do not fit a side of {size}{padded}")
    })
}

/// The product of sizes; `u128::MAX` where it is larger.
pub(crate) fn product(sizes: &[usize]) -> u128 {
    sizes.iter().fold(1, |product: u128, size| product.saturating_mul(*size as u128))
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

/// Reads a size, or a list of one.
///
/// # Errors
/// Something else.
pub(super) fn size<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let sizes = Sizes::read(from, "one size, of at least 0")?;
    match *sizes.0.as_slice() {
        [size] => Ok(size),
        ref several => Err(D::Error::custom(format!("expected one size, got {}", several.len()))),
    }
}

pub(super) fn default_single() -> usize {
    1
}

pub(super) fn is_single(size: &usize) -> bool {
    *size == 1
}

pub(super) fn one() -> Pair {
    Pair([1; 2])
}

pub(super) fn is_one(pair: &Pair) -> bool {
    *pair == one()
}

pub(super) fn default_true() -> bool {
    true
}

pub(super) fn is_true(value: &bool) -> bool {
    *value
}

pub(super) fn is_false(value: &bool) -> bool {
    !*value
}

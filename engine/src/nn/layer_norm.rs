//! `LayerNorm`: the last dimensions normalized to mean 0 and variance 1, then scaled and shifted.

use serde::{Deserialize, Serialize};

use super::batch_norm::{default_eps, is_eps};
use super::layer::{Build, LayerConfig, Sizes, product, times};
use super::{Module, init, members};
use crate::{Device, Result, Tensor};

/// Layer normalization: (x − mean)/√(var + ε)·weight + bias over the last dimensions.
/// [torch.nn.LayerNorm](https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html)
///
/// ```
/// use kindling::nn::{LayerNorm, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let norm = LayerNorm::new(&[2], &cpu)?;
/// let y = norm.forward(&Tensor::from_nested(&[[1.0_f32, 3.0]], &cpu)?)?.detach();
/// assert_eq!(y.to_string(), "tensor([[-1.0000,  1.0000]])");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct LayerNorm {
    /// Scale, initially 1.
    pub weight: Tensor,
    /// Shift, initially 0.
    pub bias: Tensor,
    spec: LayerNormSpec,
}

/// Hyper-parameters of [`LayerNorm`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerNormSpec {
    /// Sizes of the last dimensions.
    #[serde(with = "sizes")]
    pub normalized_shape: Vec<usize>,
    /// Term added to the variance, 1e-5 by default.
    #[serde(default = "default_eps", skip_serializing_if = "is_eps")]
    pub eps: f64,
}

/// Serde form of sizes: a list, or a single number.
pub(super) mod sizes {
    use serde::{Deserializer, Serialize, Serializer};

    use super::Sizes;

    #[derive(Serialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(usize),
        More(Vec<usize>),
    }

    pub fn serialize<S: Serializer>(sizes: &[usize], to: S) -> Result<S::Ok, S::Error> {
        match sizes {
            [size] => OneOrMore::One(*size).serialize(to),
            sizes => OneOrMore::More(sizes.to_vec()).serialize(to),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<usize>, D::Error> {
        Sizes::read(from, "one size or a list of them, of at least 0").map(|sizes| sizes.0)
    }
}

impl LayerNorm {
    /// Creates a layer over the last dimensions, with PyTorch's ε.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(normalized_shape: &[usize], device: &Device) -> Result<Self> {
        Self::from_spec(LayerNormSpec { normalized_shape: normalized_shape.to_vec(), eps: default_eps() }, device)
    }

    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn from_spec(spec: LayerNormSpec, device: &Device) -> Result<Self> {
        let weight = init::constant(&spec.normalized_shape, 1.0, device)?.requires_grad_(true)?;
        let bias = init::constant(&spec.normalized_shape, 0.0, device)?.requires_grad_(true)?;
        Ok(Self { weight, bias, spec })
    }
}

impl Module for LayerNorm {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.layer_norm(&self.spec.normalized_shape, Some(&self.weight), Some(&self.bias), self.spec.eps)
    }

    members!(weight, bias, spec: _);
}

/// Returns the output shape of a normalization over the last dimensions.
///
/// # Errors
/// The input does not end in them.
pub(super) fn keeps(last: &[usize], input: &[usize]) -> Result<Vec<usize>, String> {
    if input.ends_with(last) && !last.is_empty() {
        return Ok(input.to_vec());
    }
    Err(format!("expects {} at the end of the shape, receives {}", times(last), times(input)))
}

/// Sets the normalized sizes to the input's last ones, as many as they are.
pub(super) fn fit_last(last: &mut Vec<usize>, input: &[usize]) {
    let n = last.len().clamp(1, input.len().max(1));
    if input.len() >= n {
        *last = input[input.len() - n..].to_vec();
    }
}

impl LayerConfig for LayerNormSpec {
    fn kind(&self) -> &'static str {
        "LayerNorm"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        keeps(&self.normalized_shape, input)
    }

    fn parameters(&self) -> u128 {
        product(&self.normalized_shape).saturating_mul(2)
    }

    fn fit(&mut self, input: &[usize]) {
        fit_last(&mut self.normalized_shape, input);
    }
}

impl Build for LayerNormSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(LayerNorm::from_spec(self.clone(), device)?))
    }
}

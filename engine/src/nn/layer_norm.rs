//! `LayerNorm`: the last dimensions brought to mean 0 and variance 1, then scaled.

use serde::{Deserialize, Serialize};

use super::batch_norm::{eps, is_eps};
use super::layer::{Build, Layer, times};
use super::{Members, Module, init};
use crate::{Device, Result, Tensor};

/// (x − mean)/√(var + ε)·weight + bias over the last dimensions.
/// [torch.nn.LayerNorm](https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html)
#[derive(Debug)]
pub struct LayerNorm {
    /// The scales, at first 1.
    pub weight: Tensor,
    /// What is added, at first 0.
    pub bias: Tensor,
    spec: LayerNormSpec,
}

/// The hyper-parameters of [`LayerNorm`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerNormSpec {
    /// The sizes of the last dimensions.
    #[serde(with = "sizes")]
    pub normalized_shape: Vec<usize>,
    /// Added to the variance.
    #[serde(default = "eps", skip_serializing_if = "is_eps")]
    pub eps: f64,
}

/// Sizes, of which a single one may stand alone.
mod sizes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
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
        Ok(match OneOrMore::deserialize(from)? {
            OneOrMore::One(size) => vec![size],
            OneOrMore::More(sizes) => sizes,
        })
    }
}

impl LayerNorm {
    /// Over the last dimensions, with PyTorch's ε.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(normalized_shape: &[usize], device: &Device) -> Result<Self> {
        Self::of(LayerNormSpec { normalized_shape: normalized_shape.to_vec(), eps: eps() }, device)
    }

    /// A layer of these hyper-parameters.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn of(spec: LayerNormSpec, device: &Device) -> Result<Self> {
        let weight = init::constant(&spec.normalized_shape, 1.0, device)?.requires_grad_(true)?;
        let bias = init::constant(&spec.normalized_shape, 0.0, device)?.requires_grad_(true)?;
        Ok(Self { weight, bias, spec })
    }
}

impl Module for LayerNorm {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.layer_norm(&self.spec.normalized_shape, Some(&self.weight), Some(&self.bias), self.spec.eps)
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        to.parameter("weight", &self.weight);
        to.parameter("bias", &self.bias);
    }
}

impl Layer for LayerNormSpec {
    fn kind(&self) -> &'static str {
        "LayerNorm"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if input.ends_with(&self.normalized_shape) && !self.normalized_shape.is_empty() {
            return Ok(input.to_vec());
        }
        Err(format!("expects {} at the end of the shape, receives {}", times(&self.normalized_shape), times(input)))
    }

    fn parameters(&self) -> usize {
        2 * self.normalized_shape.iter().product::<usize>()
    }

    fn fit(&mut self, input: &[usize]) {
        let n = self.normalized_shape.len().clamp(1, input.len().max(1));
        if input.len() >= n {
            self.normalized_shape = input[input.len() - n..].to_vec();
        }
    }
}

impl Build for LayerNormSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(LayerNorm::of(self.clone(), device)?))
    }
}

//! `Embedding`: a trained vector for each index.

use serde::{Deserialize, Serialize};

use super::layer::{Build, LayerConfig, product};
use super::{Module, init, members};
use crate::{Device, Error, Result, Tensor, no_grad};

/// Embedding: row i of `weight` for each index i. The rows are drawn from N(0, 1); that of
/// `padding_idx` is zero and stays.
/// [torch.nn.Embedding](https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html)
///
/// ```
/// use kindling::nn::{Embedding, Module};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let embedding = Embedding::new(10, 4, &cpu)?;
/// let tokens = Tensor::from_nested(&[[1_i32, 7, 3]], &cpu)?;
/// assert_eq!(embedding.forward(&tokens)?.dims(), [1, 3, 4]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct Embedding {
    /// Table with one row per index.
    pub weight: Tensor,
    padding_idx: Option<isize>,
}

/// Hyper-parameters of [`Embedding`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSpec {
    /// Number of indices.
    pub num_embeddings: usize,
    /// Length of a vector.
    pub embedding_dim: usize,
    /// Index of the row that is zero and not trained, negative from the end; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding_idx: Option<isize>,
}

impl Embedding {
    /// Creates a layer without padding.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(num_embeddings: usize, embedding_dim: usize, device: &Device) -> Result<Self> {
        Self::from_spec(&EmbeddingSpec { num_embeddings, embedding_dim, padding_idx: None }, device)
    }

    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// `padding_idx` is out of range.
    pub fn from_spec(spec: &EmbeddingSpec, device: &Device) -> Result<Self> {
        let n = spec.num_embeddings as isize;
        if let Some(bad) = spec.padding_idx.filter(|i| *i < -n || *i >= n) {
            return Err(Error::value("Embedding", format!("padding_idx {bad} is no index of {n} embeddings")));
        }
        let weight = Tensor::zeros([spec.num_embeddings, spec.embedding_dim], device)?;
        init::normal_(&weight, 0.0, 1.0)?;
        if let Some(padding) = spec.padding_idx {
            no_grad(|| weight.select(0, padding)?.zero_())?;
        }
        Ok(Self { weight: weight.requires_grad_(true)?, padding_idx: spec.padding_idx })
    }
}

impl Module for Embedding {
    fn forward(&self, indices: &Tensor) -> Result<Tensor> {
        indices.embedding(&self.weight, self.padding_idx, false)
    }

    members!(weight, padding_idx: _);
}

impl LayerConfig for EmbeddingSpec {
    fn kind(&self) -> &'static str {
        "Embedding"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        Ok([input, &[self.embedding_dim]].concat())
    }

    fn parameters(&self) -> u128 {
        product(&[self.num_embeddings, self.embedding_dim])
    }
}

impl Build for EmbeddingSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(Embedding::from_spec(self, device)?))
    }
}

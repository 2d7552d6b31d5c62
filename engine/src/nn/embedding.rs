//! `Embedding`: a vector for each index.

use serde::{Deserialize, Serialize};

use super::layer::{Build, Layer};
use super::{Members, Module, init};
use crate::{Device, Error, Result, Tensor, no_grad};

/// Row i of `weight` for each index i. The rows are drawn from N(0, 1); that of `padding_idx` is zero and stays.
/// [torch.nn.Embedding](https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html)
#[derive(Debug)]
pub struct Embedding {
    /// One row an index.
    pub weight: Tensor,
    padding_idx: Option<isize>,
}

/// The hyper-parameters of [`Embedding`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSpec {
    /// How many indices there are.
    pub num_embeddings: usize,
    /// The length of a vector.
    pub embedding_dim: usize,
    /// An index whose vector is zero and is not trained; negative ones count from the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding_idx: Option<isize>,
}

impl Embedding {
    /// Without padding.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(num_embeddings: usize, embedding_dim: usize, device: &Device) -> Result<Self> {
        Self::of(&EmbeddingSpec { num_embeddings, embedding_dim, padding_idx: None }, device)
    }

    /// A layer of these hyper-parameters.
    ///
    /// # Errors
    /// `padding_idx` is no index.
    pub fn of(spec: &EmbeddingSpec, device: &Device) -> Result<Self> {
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

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        to.parameter("weight", &self.weight);
    }
}

impl Layer for EmbeddingSpec {
    fn kind(&self) -> &'static str {
        "Embedding"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        Ok([input, &[self.embedding_dim]].concat())
    }

    fn parameters(&self) -> usize {
        self.num_embeddings * self.embedding_dim
    }

    fn fit(&mut self, _input: &[usize]) {}
}

impl Build for EmbeddingSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(Embedding::of(self, device)?))
    }
}

//! `PositionEmbedding`: a trained vector added at each place of a sequence.

use serde::{Deserialize, Serialize};

use super::layer::{Build, Layer, times};
use super::{Members, Module, init};
use crate::{Device, Result, Tensor};

/// x + `pos_embed` for x of (N, L, E). The vectors are drawn from N(0, 0.02²).
#[derive(Debug)]
pub struct PositionEmbedding {
    /// 1×L×E.
    pub pos_embed: Tensor,
}

/// The hyper-parameters of [`PositionEmbedding`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionEmbeddingSpec {
    /// The length of a sequence.
    pub length: usize,
    /// The length of a vector.
    pub dim: usize,
}

impl PositionEmbedding {
    /// For sequences of a length of vectors of a length.
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn new(length: usize, dim: usize, device: &Device) -> Result<Self> {
        let pos_embed = Tensor::zeros([1, length, dim], device)?;
        init::normal_(&pos_embed, 0.0, 0.02)?;
        Ok(Self { pos_embed: pos_embed.requires_grad_(true)? })
    }
}

impl Module for PositionEmbedding {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        input.add(&self.pos_embed)
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        to.parameter("pos_embed", &self.pos_embed);
    }
}

impl Layer for PositionEmbeddingSpec {
    fn kind(&self) -> &'static str {
        "PositionEmbedding"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if input == [self.length, self.dim] {
            return Ok(input.to_vec());
        }
        Err(format!("expects {}×{}, receives {}", self.length, self.dim, times(input)))
    }

    fn parameters(&self) -> usize {
        self.length * self.dim
    }

    fn fit(&mut self, input: &[usize]) {
        if let [length, dim] = *input {
            (self.length, self.dim) = (length, dim);
        }
    }
}

impl Build for PositionEmbeddingSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(PositionEmbedding::new(self.length, self.dim, device)?))
    }
}

//! `PositionEmbedding`: a trained vector added at each position of a sequence.

use serde::{Deserialize, Serialize};

use super::layer::{Build, LayerConfig, product, times};
use super::{Module, init, members};
use crate::{Device, Result, Tensor};

/// Position embedding: x + `pos_embed` for x of (N, L, E). The vectors are drawn from N(0, 0.02²).
///
/// ```
/// use kindling::nn::{Module, PositionEmbedding};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let embedding = PositionEmbedding::new(9, 16, &cpu)?;
/// assert_eq!(embedding.forward(&Tensor::zeros([2, 9, 16], &cpu)?)?.dims(), [2, 9, 16]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct PositionEmbedding {
    /// Vectors, 1×L×E.
    pub pos_embed: Tensor,
}

/// Hyper-parameters of [`PositionEmbedding`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionEmbeddingSpec {
    /// Length L of a sequence.
    pub length: usize,
    /// Length E of a vector.
    pub dim: usize,
}

impl PositionEmbedding {
    /// Creates a layer for sequences of `length` vectors of length `dim`.
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

    members!(pos_embed);
}

impl LayerConfig for PositionEmbeddingSpec {
    fn kind(&self) -> &'static str {
        "PositionEmbedding"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if input == [self.length, self.dim] {
            return Ok(input.to_vec());
        }
        Err(format!("expects {}×{}, receives {}", self.length, self.dim, times(input)))
    }

    fn parameters(&self) -> u128 {
        product(&[self.length, self.dim])
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

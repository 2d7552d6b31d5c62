//! `MultiheadAttention`: every position of a sequence attends to all positions, in several heads.
//! Composed of linear maps and `scaled_dot_product_attention`.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::layer::{Build, LayerConfig, is_false, times};
use super::linear::Linear;
use super::{Module, init, members};
use crate::ops::AttentionOptions;
use crate::{Device, Error, Result, Tensor};

/// Multi-head attention: softmax(QKᵀ/√d)V for each head, d = E/heads. Q, K, V are linear maps of
/// the inputs; another maps the concatenated heads. Sequences are (N, L, E): PyTorch's
/// `batch_first=True`. `in_proj_weight` is 3E×E and holds Q, K, V by rows; it is drawn by
/// `xavier_uniform_`, biases are zero.
/// [torch.nn.MultiheadAttention](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html)
///
/// ```
/// use kindling::nn::{Module, MultiheadAttention};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let attention = MultiheadAttention::new(16, 4, &cpu)?;
/// assert_eq!(attention.forward(&Tensor::zeros([2, 9, 16], &cpu)?)?.dims(), [2, 9, 16]);
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct MultiheadAttention {
    /// Weight of the input projections, 3E×E.
    pub in_proj_weight: Tensor,
    /// Bias of the input projections, 3E.
    pub in_proj_bias: Tensor,
    /// Output projection, E×E with a bias.
    pub out_proj: Linear,
    training: Cell<bool>,
    spec: MultiheadAttentionSpec,
}

/// Hyper-parameters of [`MultiheadAttention`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiheadAttentionSpec {
    /// Length E of a vector.
    pub embed_dim: usize,
    /// Number of heads; must divide E.
    pub num_heads: usize,
    /// Dropout probability of attention weights, 0 by default.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropout: f64,
    /// Lets position i attend to the positions up to i alone; `false` by default. PyTorch takes it,
    /// with the mask, when the layer is called.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_causal: bool,
}

fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

impl MultiheadAttention {
    /// Creates a layer without dropout.
    ///
    /// # Errors
    /// `num_heads` does not divide `embed_dim`.
    pub fn new(embed_dim: usize, num_heads: usize, device: &Device) -> Result<Self> {
        Self::from_spec(MultiheadAttentionSpec { embed_dim, num_heads, dropout: 0.0, is_causal: false }, device)
    }

    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// `num_heads` does not divide `embed_dim`.
    pub fn from_spec(spec: MultiheadAttentionSpec, device: &Device) -> Result<Self> {
        spec.check().map_err(|rule| Error::shape("MultiheadAttention", rule))?;
        let dim = spec.embed_dim;
        let in_proj_weight = Tensor::zeros([3 * dim, dim], device)?;
        init::xavier_uniform_(&in_proj_weight, 1.0)?;
        let out_proj = Linear::new(dim, dim, device)?;
        if let Some(bias) = &out_proj.bias {
            init::zeros_(bias)?;
        }
        Ok(Self {
            in_proj_weight: in_proj_weight.requires_grad_(true)?,
            in_proj_bias: init::constant(&[3 * dim], 0.0, device)?.requires_grad_(true)?,
            out_proj,
            training: Cell::new(true),
            spec,
        })
    }

    /// Computes the attention of `query` to `key`, applied to `value`.
    ///
    /// # Errors
    /// Shapes that do not match.
    pub fn attend(&self, query: &Tensor, key: &Tensor, value: &Tensor) -> Result<Tensor> {
        let (weights, biases) = (self.in_proj_weight.chunk(3, 0)?, self.in_proj_bias.chunk(3, 0)?);
        let project = |x: &Tensor, i: usize| self.heads(&x.linear(&weights[i], Some(&biases[i]))?);
        self.mix(&project(query, 0)?, &project(key, 1)?, &project(value, 2)?)
    }

    /// Splits heads: (N, L, E) → (N, heads, L, E/heads).
    fn heads(&self, x: &Tensor) -> Result<Tensor> {
        let &[batch, length, dim] = x.dims() else {
            let rule = format!("expected (N, L, E), got the shape {}", x.shape());
            return Err(Error::shape("MultiheadAttention", rule));
        };
        let heads = self.spec.num_heads;
        x.reshape(&[batch, length, heads, dim / heads].map(|n| n as isize))?.transpose(1, 2)
    }

    fn mix(&self, query: &Tensor, key: &Tensor, value: &Tensor) -> Result<Tensor> {
        let dropout_p = if self.training.get() { self.spec.dropout } else { 0.0 };
        let options = AttentionOptions { dropout_p, is_causal: self.spec.is_causal, ..AttentionOptions::default() };
        let mixed = query.scaled_dot_product_attention(key, value, None, &options)?.transpose(1, 2)?;
        self.out_proj.forward(&mixed.flatten(2, 3)?)
    }
}

impl Module for MultiheadAttention {
    /// Self-attention.
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let all = input.linear(&self.in_proj_weight, Some(&self.in_proj_bias))?.chunk(3, -1)?;
        let heads: Vec<Tensor> = all.iter().map(|x| self.heads(x)).collect::<Result<_>>()?;
        match heads.as_slice() {
            [query, key, value] => self.mix(query, key, value),
            _ => Err(Error::internal("three projections are expected")),
        }
    }

    members!(in_proj_weight, in_proj_bias, out_proj, training, spec: _);
}

impl MultiheadAttentionSpec {
    fn check(&self) -> Result<(), String> {
        if self.num_heads == 0 || !self.embed_dim.is_multiple_of(self.num_heads) {
            return Err(format!("has {} heads, which do not divide {}", self.num_heads, self.embed_dim));
        }
        Ok(())
    }
}

impl LayerConfig for MultiheadAttentionSpec {
    fn kind(&self) -> &'static str {
        "MultiheadAttention"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        self.check()?;
        match *input {
            [_, dim] if dim == self.embed_dim => Ok(input.to_vec()),
            _ => Err(format!("expects length×{}, receives {}", self.embed_dim, times(input))),
        }
    }

    fn parameters(&self) -> u128 {
        let dim = self.embed_dim as u128;
        (dim + 1).saturating_mul(dim).saturating_mul(4)
    }

    fn fit(&mut self, input: &[usize]) {
        self.embed_dim = input.last().copied().unwrap_or(self.embed_dim);
    }
}

impl Build for MultiheadAttentionSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(MultiheadAttention::from_spec(self.clone(), device)?))
    }
}

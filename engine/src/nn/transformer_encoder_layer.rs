//! `TransformerEncoderLayer`: self-attention and a feed-forward network, each with a norm and a
//! shortcut.

use serde::{Deserialize, Serialize};

use super::batch_norm::{default_eps, is_eps};
use super::dropout::{Dropout, check};
use super::layer::{Build, LayerConfig, is_false};
use super::layer_norm::{LayerNorm, LayerNormSpec};
use super::linear::Linear;
use super::multihead_attention::{MultiheadAttention, MultiheadAttentionSpec};
use super::{Module, members};
use crate::{Device, Gelu, Result, Tensor};

/// Layer of a transformer's encoder, of sequences (N, L, E): PyTorch's `batch_first=True`.
///
/// x becomes norm1(x + attention(x)), then norm2(x + linear2(act(linear1(x)))). With `norm_first`
/// it is x + attention(norm1(x)), then x + linear2(act(linear1(norm2(x)))).
/// [torch.nn.TransformerEncoderLayer](https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html)
///
/// ```
/// use kindling::nn::{Module, TransformerEncoderLayer, TransformerEncoderLayerSpec};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let spec = TransformerEncoderLayerSpec { dim_feedforward: 64, ..TransformerEncoderLayerSpec::new(16, 4) };
/// let layer = TransformerEncoderLayer::from_spec(&spec, &cpu)?;
/// assert_eq!(layer.forward(&Tensor::zeros([2, 9, 16], &cpu)?)?.dims(), [2, 9, 16]);
/// assert_eq!(layer.named_parameters()[4].0, "linear1.weight");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Debug)]
pub struct TransformerEncoderLayer {
    /// Attention of the sequence to itself.
    pub self_attn: MultiheadAttention,
    /// First linear layer of the feed-forward network.
    pub linear1: Linear,
    /// Second linear layer of the feed-forward network.
    pub linear2: Linear,
    /// Norm of the attention.
    pub norm1: LayerNorm,
    /// Norm of the feed-forward network.
    pub norm2: LayerNorm,
    dropout: Dropout,
    activation: EncoderActivation,
    norm_first: bool,
}

/// Hyper-parameters of [`TransformerEncoderLayer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformerEncoderLayerSpec {
    /// Length E of a vector.
    pub d_model: usize,
    /// Number of heads; must divide E.
    pub nhead: usize,
    /// Width of the feed-forward network, 2048 by default.
    #[serde(default = "default_width", skip_serializing_if = "is_default_width")]
    pub dim_feedforward: usize,
    /// Dropout probability, 0.1 by default.
    #[serde(default = "default_dropout", skip_serializing_if = "is_default_dropout")]
    pub dropout: f64,
    /// Activation of the feed-forward network, `relu` by default.
    #[serde(default, skip_serializing_if = "is_relu")]
    pub activation: EncoderActivation,
    /// Term added to the variance in the norms, 1e-5 by default.
    #[serde(default = "default_eps", skip_serializing_if = "is_eps")]
    pub layer_norm_eps: f64,
    /// Puts the norms before attention and network; `false`, the default, after the sums.
    #[serde(default, skip_serializing_if = "is_false")]
    pub norm_first: bool,
    /// Lets position i attend to the positions up to i alone; `false` by default. PyTorch takes it,
    /// with the mask, when the layer is called.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_causal: bool,
}

/// Activation of [`TransformerEncoderLayer`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderActivation {
    /// max(x, 0).
    #[default]
    Relu,
    /// x·Φ(x).
    Gelu,
}

fn default_width() -> usize {
    2048
}

fn is_default_width(width: &usize) -> bool {
    *width == default_width()
}

fn default_dropout() -> f64 {
    0.1
}

fn is_default_dropout(p: &f64) -> bool {
    *p == default_dropout()
}

fn is_relu(activation: &EncoderActivation) -> bool {
    *activation == EncoderActivation::Relu
}

impl TransformerEncoderLayerSpec {
    /// Creates hyper-parameters with PyTorch's defaults.
    pub fn new(d_model: usize, nhead: usize) -> Self {
        Self {
            d_model,
            nhead,
            dim_feedforward: default_width(),
            dropout: default_dropout(),
            activation: EncoderActivation::Relu,
            layer_norm_eps: default_eps(),
            norm_first: false,
            is_causal: false,
        }
    }

    pub(crate) fn attention(&self) -> MultiheadAttentionSpec {
        let Self { d_model: embed_dim, nhead: num_heads, dropout, is_causal, .. } = *self;
        MultiheadAttentionSpec { embed_dim, num_heads, dropout, is_causal }
    }
}

impl TransformerEncoderLayer {
    /// Creates a layer from hyper-parameters.
    ///
    /// # Errors
    /// `nhead` does not divide `d_model`; `dropout` is no probability.
    pub fn from_spec(spec: &TransformerEncoderLayerSpec, device: &Device) -> Result<Self> {
        let (dim, width) = (spec.d_model, spec.dim_feedforward);
        let norm = LayerNormSpec { normalized_shape: vec![dim], eps: spec.layer_norm_eps };
        Ok(Self {
            self_attn: MultiheadAttention::from_spec(spec.attention(), device)?,
            linear1: Linear::new(dim, width, device)?,
            linear2: Linear::new(width, dim, device)?,
            norm1: LayerNorm::from_spec(norm.clone(), device)?,
            norm2: LayerNorm::from_spec(norm, device)?,
            dropout: Dropout::new(spec.dropout)?,
            activation: spec.activation,
            norm_first: spec.norm_first,
        })
    }

    fn attend(&self, x: &Tensor) -> Result<Tensor> {
        x.apply(&self.self_attn)?.apply(&self.dropout)
    }

    fn feed_forward(&self, x: &Tensor) -> Result<Tensor> {
        let hidden = x.apply(&self.linear1)?;
        let hidden = match self.activation {
            EncoderActivation::Relu => hidden.relu()?,
            EncoderActivation::Gelu => hidden.gelu(Gelu::None)?,
        };
        hidden.apply(&self.dropout)?.apply(&self.linear2)?.apply(&self.dropout)
    }
}

impl Module for TransformerEncoderLayer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if self.norm_first {
            let x = x.add(&self.attend(&x.apply(&self.norm1)?)?)?;
            return x.add(&self.feed_forward(&x.apply(&self.norm2)?)?);
        }
        let x = x.add(&self.attend(x)?)?.apply(&self.norm1)?;
        x.add(&self.feed_forward(&x)?)?.apply(&self.norm2)
    }

    members!(self_attn, linear1, linear2, norm1, norm2, dropout, activation: _, norm_first: _);
}

impl LayerConfig for TransformerEncoderLayerSpec {
    fn kind(&self) -> &'static str {
        "TransformerEncoderLayer"
    }

    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        check(self.dropout)?;
        self.attention().output(input)
    }

    fn parameters(&self) -> u128 {
        let (dim, width) = (self.d_model as u128, self.dim_feedforward as u128);
        let feed_forward = dim.saturating_mul(width).saturating_mul(2).saturating_add(dim + width);
        self.attention().parameters().saturating_add(feed_forward).saturating_add(4 * dim)
    }

    fn fit(&mut self, input: &[usize]) {
        self.d_model = input.last().copied().unwrap_or(self.d_model);
    }
}

impl Build for TransformerEncoderLayerSpec {
    fn build(&self, device: &Device) -> Result<Box<dyn Module>> {
        Ok(Box::new(TransformerEncoderLayer::from_spec(self, device)?))
    }
}

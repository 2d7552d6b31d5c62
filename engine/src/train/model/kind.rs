//! Layers of a specification, by PyTorch's names.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{LayerSpec, arguments};
use crate::nn::residual::SHORTCUT_NAME;
use crate::nn::{
    AdaptiveAvgPool2d, AvgPool2d, BatchNormSpec, Build, CELU, ClassTokenSpec, Conv1dSpec, Conv2dSpec,
    ConvTranspose2dSpec, Dropout2dSpec, DropoutSpec, ELU, EmbeddingSpec, Flatten, GELU, GLU, GroupNormSpec,
    Hardsigmoid, Hardswish, Hardtanh, Identity, InstanceNorm2dSpec, LayerConfig, LayerNormSpec, LeakyReLU, LinearSpec,
    LogSigmoid, LogSoftmax, MaxPool2d, Mish, MultiheadAttentionSpec, PReLUSpec, PositionEmbeddingSpec, RMSNormSpec,
    ReLU, ReLU6, SELU, Select, SiLU, Sigmoid, Softmax, Softplus, Softsign, Tanh, TransformerEncoderLayerSpec,
    Transpose, Unflatten, Upsample,
};

/// Name and arguments of a layer in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Name.
    pub name: &'static str,
    /// Names of the arguments, in order.
    pub arguments: &'static [&'static str],
    /// Number of leading arguments without a default.
    pub required: usize,
}

macro_rules! kinds {
    ($($variant:ident($spec:ty): ($($argument:ident)*) ($($optional:ident)*);)*) => {
        /// A layer's type and hyper-parameters. In JSON the type is `type`, by PyTorch's name.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type")]
        pub enum Kind {
            $(#[doc = concat!("PyTorch's `", stringify!($variant), "`.")] $variant($spec),)*
            /// A sequence of layers.
            Sequential(Sequence),
            /// Outputs of layers for the same input, concatenated along dimension 1.
            Concat(Sequence),
            /// body(x) + shortcut(x), then an activation.
            Residual(Branches),
        }

        $(impl From<$spec> for Kind {
            fn from(spec: $spec) -> Self {
                Self::$variant(spec)
            }
        })*

        impl Kind {
            /// Returns the layer's configuration; `None` for blocks.
            pub fn layer(&self) -> Option<&dyn LayerConfig> {
                match self {
                    $(Self::$variant(layer) => Some(layer),)*
                    Self::Sequential(_) | Self::Concat(_) | Self::Residual(_) => None,
                }
            }

            pub(super) fn build(&self) -> Option<&dyn Build> {
                match self {
                    $(Self::$variant(layer) => Some(layer),)*
                    Self::Sequential(_) | Self::Concat(_) | Self::Residual(_) => None,
                }
            }

            pub(super) fn layer_mut(&mut self) -> Option<&mut dyn LayerConfig> {
                match self {
                    $(Self::$variant(layer) => Some(layer),)*
                    Self::Sequential(_) | Self::Concat(_) | Self::Residual(_) => None,
                }
            }
        }

        /// All layers except blocks.
        pub const SIGNATURES: &[Signature] = &[
            $(Signature {
                name: stringify!($variant),
                arguments: &[$(stringify!($argument),)* $(stringify!($optional)),*],
                required: <[&str]>::len(&[$(stringify!($argument)),*]),
            },)*
        ];
    };
}

kinds! {
    Linear(LinearSpec): (in_features out_features) (bias);
    Conv2d(Conv2dSpec): (in_channels out_channels kernel_size) (stride padding dilation groups bias);
    Conv1d(Conv1dSpec): (in_channels out_channels kernel_size) (stride padding dilation groups bias);
    ConvTranspose2d(ConvTranspose2dSpec): (in_channels out_channels kernel_size)
        (stride padding output_padding groups bias dilation);
    MaxPool2d(MaxPool2d): (kernel_size) (stride padding dilation ceil_mode);
    AvgPool2d(AvgPool2d): (kernel_size) (stride padding ceil_mode count_include_pad divisor_override);
    AdaptiveAvgPool2d(AdaptiveAvgPool2d): (output_size) ();
    Upsample(Upsample): () (size scale_factor mode align_corners);
    BatchNorm1d(BatchNormSpec<1>): (num_features) (eps momentum affine);
    BatchNorm2d(BatchNormSpec<2>): (num_features) (eps momentum affine);
    GroupNorm(GroupNormSpec): (num_groups num_channels) (eps affine);
    InstanceNorm2d(InstanceNorm2dSpec): (num_features) (eps momentum affine track_running_stats);
    LayerNorm(LayerNormSpec): (normalized_shape) (eps);
    RMSNorm(RMSNormSpec): (normalized_shape) (eps elementwise_affine);
    Dropout(DropoutSpec): () (p);
    Dropout2d(Dropout2dSpec): () (p);
    Embedding(EmbeddingSpec): (num_embeddings embedding_dim) (padding_idx);
    Flatten(Flatten): () (start_dim end_dim);
    Unflatten(Unflatten): (dim unflattened_size) ();
    Transpose(Transpose): (dim0 dim1) ();
    Select(Select): (dim index) ();
    ClassToken(ClassTokenSpec): (dim) ();
    PositionEmbedding(PositionEmbeddingSpec): (length dim) ();
    MultiheadAttention(MultiheadAttentionSpec): (embed_dim num_heads) (dropout is_causal);
    TransformerEncoderLayer(TransformerEncoderLayerSpec): (d_model nhead)
        (dim_feedforward dropout activation layer_norm_eps norm_first is_causal);
    Identity(Identity): () ();
    ReLU(ReLU): () ();
    LeakyReLU(LeakyReLU): () (negative_slope);
    PReLU(PReLUSpec): () (num_parameters init);
    ELU(ELU): () (alpha);
    CELU(CELU): () (alpha);
    GELU(GELU): () (approximate);
    GLU(GLU): () (dim);
    SiLU(SiLU): () ();
    Sigmoid(Sigmoid): () ();
    ReLU6(ReLU6): () ();
    SELU(SELU): () ();
    Mish(Mish): () ();
    Hardswish(Hardswish): () ();
    Hardsigmoid(Hardsigmoid): () ();
    Hardtanh(Hardtanh): () (min_val max_val);
    Softsign(Softsign): () ();
    LogSigmoid(LogSigmoid): () ();
    Tanh(Tanh): () ();
    Softplus(Softplus): () (beta threshold);
    Softmax(Softmax): () (dim);
    LogSoftmax(LogSoftmax): () (dim);
}

/// A list of layers: in sequence, or of the same input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// Layers.
    pub layers: Vec<LayerSpec>,
}

/// A residual block: activation(body(x) + shortcut(x)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branches {
    /// Layers of the main branch. Their parameters are named as the block's own.
    pub body: Vec<LayerSpec>,
    /// Layers of the shortcut, whose output is added to the body's; by default none, for the
    /// identity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortcut: Vec<LayerSpec>,
    /// Prefix of the shortcut's parameters, `downsample` by default as in torchvision; if empty,
    /// they are named as the block's own.
    #[serde(default = "default_shortcut_name", skip_serializing_if = "is_default_shortcut_name")]
    pub shortcut_name: String,
    /// Activation of the sum; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Box<Kind>>,
}

fn default_shortcut_name() -> String {
    SHORTCUT_NAME.to_owned()
}

fn is_default_shortcut_name(name: &String) -> bool {
    name == SHORTCUT_NAME
}

impl Default for Branches {
    fn default() -> Self {
        let (body, shortcut, shortcut_name) = (Vec::new(), Vec::new(), default_shortcut_name());
        Self { body, shortcut, shortcut_name, activation: None }
    }
}

impl From<Sequence> for Kind {
    fn from(sequence: Sequence) -> Self {
        Self::Sequential(sequence)
    }
}

impl From<Branches> for Kind {
    fn from(branches: Branches) -> Self {
        Self::Residual(branches)
    }
}

impl Kind {
    /// Returns PyTorch's name of the layer.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sequential(_) => "Sequential",
            Self::Concat(_) => "Concat",
            Self::Residual(_) => "Residual",
            kind => kind.layer().map_or("", LayerConfig::kind),
        }
    }

    /// Returns the lists of layers in a block; none for a layer.
    pub(super) fn branches(&self) -> Vec<&[LayerSpec]> {
        match self {
            Self::Sequential(list) | Self::Concat(list) => vec![&list.layers],
            Self::Residual(branches) => vec![&branches.body, &branches.shortcut],
            _ => Vec::new(),
        }
    }

    /// Returns the layers of a block that are no lists: the activation of a sum.
    pub(super) fn activation(&self) -> Option<&Self> {
        match self {
            Self::Residual(branches) => branches.activation.as_deref(),
            _ => None,
        }
    }

    /// Appends its layers other than blocks, in the order of the graph's nodes.
    pub(super) fn leaves_mut<'a>(&'a mut self, found: &mut Vec<&'a mut Self>) {
        match self {
            Self::Sequential(list) | Self::Concat(list) => leaves_mut(&mut list.layers, found),
            Self::Residual(branches) => {
                leaves_mut(&mut branches.body, found);
                leaves_mut(&mut branches.shortcut, found);
                found.extend(branches.activation.as_deref_mut());
            }
            layer => found.push(layer),
        }
    }

    /// Returns the number of parameters, including those of layers inside; `u128::MAX` if it
    /// overflows.
    pub(super) fn parameters(&self) -> u128 {
        let within = self.branches().into_iter().flatten().map(|layer| &layer.kind).chain(self.activation());
        let own = self.layer().map_or(0, |layer| layer.parameters());
        within.fold(own, |sum, kind| sum.saturating_add(kind.parameters()))
    }

    /// Returns the name and the arguments; `None` for blocks.
    pub fn signature(&self) -> Option<&'static Signature> {
        SIGNATURES.iter().find(|signature| signature.name == self.name())
    }

    /// Returns the arguments by name; empty for blocks.
    pub fn arguments(&self) -> Map<String, Value> {
        match (self.signature(), crate::json::to_value(self)) {
            (Some(_), Ok(Value::Object(mut map))) => {
                map.remove("type");
                map
            }
            _ => Map::new(),
        }
    }

    /// Creates a layer from name and arguments; omitted ones have PyTorch's defaults.
    ///
    /// # Errors
    /// The layer is unknown; or an argument is unknown, missing or of the wrong type.
    ///
    /// ```
    /// use kindling::train::model::Kind;
    /// let arguments = serde_json::from_str(r#"{"kernel_size": 2}"#).unwrap();
    /// let kind = Kind::from_arguments("MaxPool2d", arguments).unwrap();
    /// assert_eq!(kind.arguments()["kernel_size"], 2);
    /// assert!(Kind::from_arguments("MaxPool2d", Default::default()).is_err());
    /// ```
    pub fn from_arguments(name: &str, mut arguments: Map<String, Value>) -> Result<Self, String> {
        arguments.insert("type".into(), Value::String(name.into()));
        crate::json::from_value(&Value::Object(arguments)).map_err(|error| arguments::in_words(&error))
    }
}

/// Appends the layers of a list other than blocks, in the order of the graph's nodes.
pub(super) fn leaves_mut<'a>(layers: &'a mut [LayerSpec], found: &mut Vec<&'a mut Kind>) {
    layers.iter_mut().for_each(|layer| layer.kind.leaves_mut(found));
}

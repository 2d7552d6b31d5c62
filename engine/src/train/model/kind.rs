//! The kinds of layers that a specification can hold.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::LayerSpec;
use crate::nn::{
    AdaptiveAvgPool2d, AvgPool2d, BatchNormSpec, Build, ClassTokenSpec, Conv2dSpec, DropoutSpec, ELU, EmbeddingSpec,
    Flatten, GELU, Identity, LayerConfig, LayerNormSpec, LeakyReLU, LinearSpec, LogSoftmax, MaxPool2d,
    MultiheadAttentionSpec, PositionEmbeddingSpec, ReLU, Select, SiLU, Sigmoid, Softmax, Softplus, Tanh, Transpose,
};

/// How a layer may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// The names of its arguments, in order.
    pub arguments: &'static [&'static str],
    /// How many of them, the first ones, must be given.
    pub required: usize,
}

macro_rules! kinds {
    ($($variant:ident($spec:ty): ($($argument:ident)*) ($($optional:ident)*);)*) => {
        /// A layer's kind and hyper-parameters. In JSON the kind is `type`, by PyTorch's name.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type")]
        pub enum Kind {
            $(#[doc = concat!("PyTorch's `", stringify!($variant), "`.")] $variant($spec),)*
            /// Layers one after another.
            Sequential(Sequence),
            /// body(x) + shortcut(x), then an activation.
            Residual(Branches),
        }

        $(impl From<$spec> for Kind {
            fn from(spec: $spec) -> Self {
                Self::$variant(spec)
            }
        })*

        impl Kind {
            /// The layer, if it is not made of layers.
            pub fn layer(&self) -> Option<&dyn LayerConfig> {
                match self {
                    $(Self::$variant(layer) => Some(layer),)*
                    Self::Sequential(_) | Self::Residual(_) => None,
                }
            }

            pub(super) fn build(&self) -> Option<&dyn Build> {
                match self {
                    $(Self::$variant(layer) => Some(layer),)*
                    Self::Sequential(_) | Self::Residual(_) => None,
                }
            }

            pub(super) fn layer_mut(&mut self) -> Option<&mut dyn LayerConfig> {
                match self {
                    $(Self::$variant(layer) => Some(layer),)*
                    Self::Sequential(_) | Self::Residual(_) => None,
                }
            }
        }

        /// All layers that are not made of layers.
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
    MaxPool2d(MaxPool2d): (kernel_size) (stride padding ceil_mode);
    AvgPool2d(AvgPool2d): (kernel_size) (stride padding ceil_mode);
    AdaptiveAvgPool2d(AdaptiveAvgPool2d): (output_size) ();
    BatchNorm1d(BatchNormSpec<1>): (num_features) (eps momentum);
    BatchNorm2d(BatchNormSpec<2>): (num_features) (eps momentum);
    LayerNorm(LayerNormSpec): (normalized_shape) (eps);
    Dropout(DropoutSpec): () (p);
    Embedding(EmbeddingSpec): (num_embeddings embedding_dim) (padding_idx);
    Flatten(Flatten): () (start_dim end_dim);
    Transpose(Transpose): (dim0 dim1) ();
    Select(Select): (dim index) ();
    ClassToken(ClassTokenSpec): (dim) ();
    PositionEmbedding(PositionEmbeddingSpec): (length dim) ();
    MultiheadAttention(MultiheadAttentionSpec): (embed_dim num_heads) (dropout);
    Identity(Identity): () ();
    ReLU(ReLU): () ();
    LeakyReLU(LeakyReLU): () (negative_slope);
    ELU(ELU): () (alpha);
    GELU(GELU): () (approximate);
    SiLU(SiLU): () ();
    Sigmoid(Sigmoid): () ();
    Tanh(Tanh): () ();
    Softplus(Softplus): () (beta threshold);
    Softmax(Softmax): () (dim);
    LogSoftmax(LogSoftmax): () (dim);
}

/// Layers one after another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The layers.
    pub layers: Vec<LayerSpec>,
}

/// Two ways from the input to a sum.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branches {
    /// What changes the input. Its parameters stand beside the block's own.
    pub body: Vec<LayerSpec>,
    /// What is added to it; the input itself if left out. Its parameters are named `downsample.…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortcut: Vec<LayerSpec>,
    /// What follows the sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Box<Kind>>,
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
    /// PyTorch's name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sequential(_) => "Sequential",
            Self::Residual(_) => "Residual",
            kind => kind.layer().map_or("", LayerConfig::kind),
        }
    }

    /// How it may be written, if it is not made of layers.
    pub fn signature(&self) -> Option<&'static Signature> {
        SIGNATURES.iter().find(|signature| signature.name == self.name())
    }

    /// Its arguments by name; none if it is made of layers.
    pub fn arguments(&self) -> Map<String, Value> {
        match (self.signature(), crate::json::to_value(self)) {
            (Some(_), Ok(Value::Object(mut map))) => {
                map.remove("type");
                map
            }
            _ => Map::new(),
        }
    }

    /// A layer by name and arguments; those left out have PyTorch's defaults.
    ///
    /// # Errors
    /// No such layer, or an argument that is unknown, missing or of the wrong kind.
    ///
    /// ```
    /// use kindling::train::model::Kind;
    /// let kind = Kind::from_arguments("MaxPool2d", serde_json::from_str(r#"{"kernel_size": 2}"#).unwrap()).unwrap();
    /// assert_eq!(kind.arguments()["kernel_size"], 2);
    /// assert!(Kind::from_arguments("MaxPool2d", Default::default()).is_err());
    /// ```
    pub fn from_arguments(name: &str, mut arguments: Map<String, Value>) -> Result<Self, String> {
        arguments.insert("type".into(), Value::String(name.into()));
        crate::json::from_value(&Value::Object(arguments))
    }
}

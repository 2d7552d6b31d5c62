//! Layers and losses, by PyTorch's names, parameters and initialization. A layer is a file: its
//! hyper-parameters as plain data (output shape, number of parameters) and the module built from
//! them. The layer knows no optimizer, no data and no loop.

mod layer;
mod members;
mod module;
mod state_dict;

mod activation;
mod adaptive_avg_pool2d;
mod avg_pool2d;
mod batch_norm;
mod class_token;
mod concat;
mod conv1d;
mod conv2d;
mod conv_transpose2d;
mod dropout;
mod dropout2d;
mod embedding;
mod flatten;
mod glu;
mod group_norm;
mod instance_norm;
mod layer_norm;
mod linear;
mod max_pool2d;
mod multihead_attention;
mod position_embedding;
mod prelu;
pub(crate) mod residual;
mod rms_norm;
mod select;
mod sequential;
mod softmax;
mod transformer_encoder_layer;
mod transpose;
mod unflatten;
mod upsample;

pub mod init;
mod loss;

pub use activation::{
    CELU, ELU, GELU, GeluKind, Hardsigmoid, Hardswish, Hardtanh, Identity, LeakyReLU, LogSigmoid, Mish, ReLU, ReLU6,
    SELU, SiLU, Sigmoid, Softplus, Softsign, Tanh,
};
pub use adaptive_avg_pool2d::AdaptiveAvgPool2d;
pub use avg_pool2d::AvgPool2d;
pub use batch_norm::{BatchNorm, BatchNorm1d, BatchNorm2d, BatchNormSpec};
pub use class_token::{ClassToken, ClassTokenSpec};
pub use concat::Concat;
pub use conv_transpose2d::{ConvTranspose2d, ConvTranspose2dSpec};
pub use conv1d::{Conv1d, Conv1dSpec};
pub use conv2d::{Conv2d, Conv2dSpec, ConvPadding, NamedPadding};
pub use dropout::{Dropout, DropoutSpec};
pub use dropout2d::{Dropout2d, Dropout2dSpec};
pub use embedding::{Embedding, EmbeddingSpec};
pub use flatten::Flatten;
pub use glu::GLU;
pub use group_norm::{GroupNorm, GroupNormSpec};
pub use instance_norm::{InstanceNorm2d, InstanceNorm2dSpec};
pub use layer::{Build, LayerConfig, Pair};
pub(crate) use layer::{product, times};
pub use layer_norm::{LayerNorm, LayerNormSpec};
pub use linear::{Linear, LinearSpec};
pub use loss::{BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, Loss, MSELoss, NLLLoss, SmoothL1Loss};
pub use max_pool2d::MaxPool2d;
pub use members::Field;
pub use module::{Member, Members, Module, forward_named, observe};
pub(crate) use module::{observe_output, under_name};
pub use multihead_attention::{MultiheadAttention, MultiheadAttentionSpec};
pub use position_embedding::{PositionEmbedding, PositionEmbeddingSpec};
pub use prelu::{PReLU, PReLUSpec};
pub use residual::Residual;
pub use rms_norm::{RMSNorm, RMSNormSpec};
pub use select::Select;
pub use sequential::Sequential;
pub use softmax::{LogSoftmax, Softmax};
pub use state_dict::{Counter, StateDict};
pub use transformer_encoder_layer::{EncoderActivation, TransformerEncoderLayer, TransformerEncoderLayerSpec};
pub use transpose::Transpose;
pub use unflatten::Unflatten;
pub use upsample::{Factors, Upsample, UpsampleMode};

#[doc(no_inline)]
pub use crate::members;

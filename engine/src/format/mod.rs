//! File formats, as functions from and to bytes: models, and training logs of TensorBoard.
//!
//! Only [`files`] and [`contents`] access a disk, so that the rest serves the browser too. Layers
//! and optimizers are unknown here: their state is names, tensors and JSON.

#[cfg(not(target_arch = "wasm32"))]
pub mod contents;
#[cfg(not(target_arch = "wasm32"))]
pub mod files;
pub mod model;
pub(crate) mod proto;
#[cfg(feature = "codecs")]
pub mod pytorch;
pub mod safetensors;
pub mod tfevents;

pub use model::{ModelFile, Normalization};
pub use safetensors::{FileTensor, TensorFile};

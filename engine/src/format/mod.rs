//! Files as bytes: what a model and a training log look like to the programs that share them.
//!
//! The formats are functions over bytes, so that they serve the browser too; only [`files`] and
//! [`contents`] know a disk. Nothing here knows what a layer or an optimizer is: what those want to
//! keep travels as names, tensors and JSON.

#[cfg(not(target_arch = "wasm32"))]
pub mod contents;
#[cfg(not(target_arch = "wasm32"))]
pub mod files;
pub mod model;
mod proto;
#[cfg(feature = "codecs")]
pub mod pytorch;
pub mod safetensors;
pub mod tfevents;

pub use model::{ModelFile, Normalization};
pub use safetensors::{FileTensor, TensorFile};

//! Training as plain data: what a model is made of and how it is trained. Specifications are what the page edits, a
//! share link carries, a model file's metadata holds, the command line reads and exporters print. Checking one
//! needs no device.

pub mod model;
mod spec;

pub use model::{LayerSpec, ModelSpec};
pub use spec::{Augment, DataSpec, EarlyStopping, LossSpec, TrainSpec};

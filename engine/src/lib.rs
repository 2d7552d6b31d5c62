//! Kindling: train neural networks in a browser tab and natively.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails should panic"))]

mod argsort;
pub mod autograd;
pub mod data;
pub mod device;
mod error;
pub mod format;
pub mod json;
pub mod nn;
pub mod ops;
pub mod optim;
pub mod plan;
pub mod tensor;
pub mod train;

pub use argsort::argsort;
pub use device::{DType, Device};
pub use error::{AutogradError, Error, Result};
pub use ops::{Gelu, Generator, Index, Indices, Nested, PadMode, TensorOptions, manual_seed};
#[cfg(not(target_arch = "wasm32"))]
pub use plan::block_on;
pub use tensor::{Layout, Shape, Tensor, enable_grad, is_grad_enabled, no_grad};

//! Kindling trains neural networks: tensors, define-by-run autograd, layers, optimizers and data,
//! on the CPU and on GPUs through WebGPU, natively and in the browser. Names, shapes, defaults and
//! file formats are PyTorch's.
//!
//! # A classifier for CIFAR-10
//!
//! The network, loss and loop of PyTorch's tutorial [Training a
//! classifier](https://docs.pytorch.org/tutorials/beginner/blitz/cifar10_tutorial.html):
//!
//! ```no_run
//! use kindling::data::{DataLoader, OpenOptions, open};
//! use kindling::nn::{Conv2d, Linear, MaxPool2d, Members, Module};
//! use kindling::optim::Sgd;
//! use kindling::{Device, Result, Tensor, block_on};
//!
//! struct Net {
//!     conv1: Conv2d,
//!     pool: MaxPool2d,
//!     conv2: Conv2d,
//!     fc1: Linear,
//!     fc2: Linear,
//!     fc3: Linear,
//! }
//!
//! impl Net {
//!     fn new(device: &Device) -> Result<Self> {
//!         Ok(Self {
//!             conv1: Conv2d::new(3, 6, 5, device)?,
//!             pool: MaxPool2d::new(2),
//!             conv2: Conv2d::new(6, 16, 5, device)?,
//!             fc1: Linear::new(16 * 5 * 5, 120, device)?,
//!             fc2: Linear::new(120, 84, device)?,
//!             fc3: Linear::new(84, 10, device)?,
//!         })
//!     }
//! }
//!
//! impl Module for Net {
//!     fn forward(&self, x: &Tensor) -> Result<Tensor> {
//!         let x = self.pool.forward(&self.conv1.forward(x)?.relu()?)?;
//!         let x = self.pool.forward(&self.conv2.forward(&x)?.relu()?)?;
//!         let x = x.flatten(1, -1)?; // All dimensions but the batch.
//!         let x = self.fc1.forward(&x)?.relu()?;
//!         let x = self.fc2.forward(&x)?.relu()?;
//!         self.fc3.forward(&x)
//!     }
//!
//!     fn members<'a>(&'a self, to: &mut Members<'a>) {
//!         to.module("conv1", &self.conv1);
//!         to.module("conv2", &self.conv2);
//!         to.module("fc1", &self.fc1);
//!         to.module("fc2", &self.fc2);
//!         to.module("fc3", &self.fc3);
//!     }
//! }
//!
//! fn main() -> Result<()> {
//!     let device = block_on(Device::best());
//!     let data = open("data".as_ref(), &OpenOptions::default())?;
//!     let loader = DataLoader::new(data.train).batch_size(4).shuffle(true).device(&device);
//!     let net = Net::new(&device)?;
//!     let mut optimizer = Sgd::new(net.parameters(), 0.001).momentum(0.9);
//!     for epoch in 0..2 {
//!         for batch in loader.epoch(epoch)? {
//!             let (images, labels) = batch?;
//!             optimizer.zero_grad();
//!             let loss = net.forward(&images)?.cross_entropy(&labels)?;
//!             loss.backward()?;
//!             optimizer.step()?;
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Modules
//!
//! | module | contents |
//! |---|---|
//! | [`Tensor`], [`ops`] | n-dimensional arrays and their operations: `torch.Tensor`, `torch.nn.functional` |
//! | [`autograd`] | `backward`, `grad`, custom functions |
//! | [`nn`] | layers, losses, initialization, state dicts |
//! | [`optim`] | optimizers, learning-rate schedules, gradient clipping |
//! | [`data`] | data sets, loaders, transforms |
//! | [`train`] | models and runs as plain data, the trainer, export as a PyTorch script |
//! | [`format`](mod@format) | safetensors files with metadata, TensorBoard event files |
//! | [`device`], [`plan`], [`tensor`] | below the API: memory and kernels, fusion and execution, the contract of an operation |
//!
//! # Execution
//!
//! A call of an operation checks its operands, records it and returns at once. A read
//! ([`Tensor::to_vec`], [`Tensor::item`]) or the end of an optimizer's step executes everything
//! recorded, with pointwise operations fused: on a GPU in one submit. From the second step on, the
//! plan comes from a cache.

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

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

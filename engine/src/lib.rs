//! Kindling trains neural networks: tensors, define-by-run autograd, layers, optimizers and data,
//! on the CPU and on GPUs through WebGPU, natively and in the browser. Names, shapes, defaults and
//! file formats are PyTorch's.
//!
//! # Training a classifier
//!
//! PyTorch's tutorial [Training a
//! classifier](https://docs.pytorch.org/tutorials/beginner/blitz/cifar10_tutorial.html): its network
//! for color images of 32×32 pixels and ten classes, its loss, optimizer and loop. It runs as it
//! stands, on [`Shapes`](data::Shapes), which need no download; [`open`](fn@data::open) reads
//! CIFAR-10 itself from a folder.
//!
//! ```
//! use kindling::data::{DataLoader, Shapes};
//! use kindling::nn::{Conv2d, Linear, MaxPool2d, Module, members};
//! use kindling::optim::Sgd;
//! use kindling::{Device, Result, Tensor, block_on, no_grad};
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
//!         let x = x.apply(&self.conv1)?.relu()?.apply(&self.pool)?;
//!         let x = x.apply(&self.conv2)?.relu()?.apply(&self.pool)?;
//!         let x = x.flatten(1, -1)?; // All dimensions but the batch.
//!         let x = x.apply(&self.fc1)?.relu()?.apply(&self.fc2)?.relu()?;
//!         x.apply(&self.fc3)
//!     }
//!
//!     members!(conv1, pool, conv2, fc1, fc2, fc3); // Every field, or it does not compile.
//! }
//!
//! fn main() -> Result<()> {
//!     let device = block_on(Device::best()); // A GPU if there is one, else the CPU.
//!     // CIFAR-10: `open("data".as_ref(), &OpenOptions::default())?`.
//!     let data = Shapes::splits(64, 64)?;
//!     let train = DataLoader::new(data.train).batch_size(4).shuffle(true).device(&device);
//!     let test = DataLoader::new(data.test).batch_size(64).device(&device);
//!
//!     let net = Net::new(&device)?;
//!     let mut optimizer = Sgd::new(net.parameters(), 0.001).momentum(0.9);
//!     for epoch in 0..2 {
//!         let mut running_loss = 0.0;
//!         for batch in train.epoch(epoch)? {
//!             let (images, labels) = batch?;
//!             optimizer.zero_grad();
//!             let loss = net.forward(&images)?.cross_entropy(&labels)?;
//!             loss.backward()?;
//!             optimizer.step()?;
//!             running_loss += loss.blocking_item()?;
//!         }
//!         println!("epoch {}: loss {:.3}", epoch + 1, running_loss / 16.0);
//!     }
//!
//!     let mut correct = 0.0;
//!     for batch in test.epoch(0)? {
//!         let (images, labels) = batch?;
//!         let predictions = no_grad(|| net.forward(&images))?.argmax(Some(1), false)?;
//!         correct += predictions.eq(&labels)?.sum()?.blocking_item()?;
//!     }
//!     println!("{correct} of 64 test images are classified correctly");
//!     Ok(())
//! }
//! ```
//!
//! Two epochs of 64 images only show the loop. The examples in `engine/examples` continue from
//! here: `cargo run --release -p kindling --example 04_train_cifar10` trains this network until it
//! is good.
//!
//! | example | shows |
//! |---|---|
//! | `01_tensors` | creation, shapes, broadcasting, views, devices |
//! | `02_autograd` | gradients, second derivatives, gradient descent by hand |
//! | `03_custom_function` | a function with its own derivative, as `torch.autograd.Function` |
//! | `04_train_cifar10` | a network, normalization and augmentation, accuracy by class |
//! | `05_train_csv` | a table as pandas reads it, regression, a run as plain data |
//! | `06_custom_op` | an operation with a CPU loop, WGSL and a derivative, fused like any other |
//! | `07_load_pytorch` | a state dict saved by PyTorch, and the way back |
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
//! | [`tuning`] | measurement of the kernels of products on a GPU |
//! | [`device`], [`tensor`] | below the API: memory and kernels, the contract of an operation |
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
#[doc(hidden)] // For the page and the command line, so that both read plain data by one parser.
pub mod json;
pub mod nn;
pub mod ops;
pub mod optim;
mod plan;
pub mod tensor;
pub mod train;
pub mod tuning;

#[doc(hidden)] // For the page, which downloads one sort.
pub use argsort::argsort;
pub(crate) use device::gpu::shader;
#[doc(inline)]
pub use device::{DType, Device};
pub use error::{AutogradError, Error, Result};
#[doc(inline)]
pub use ops::{Gelu, Generator, Index, Indices, Nested, PadMode, TensorOptions, manual_seed};
#[cfg(not(target_arch = "wasm32"))]
#[doc(inline)]
pub use plan::block_on;
#[doc(inline)]
pub use plan::read_many;
#[doc(inline)]
pub use tensor::{Layout, Shape, Tensor, enable_grad, is_grad_enabled, no_grad};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! The test harness of Kindling: replay of PyTorch's golden files, comparison, gradient checks.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails should panic"))]

#[cfg(not(target_arch = "wasm32"))]
pub mod checks;
#[cfg(not(target_arch = "wasm32"))]
pub mod devices;
pub mod golden;
#[cfg(not(target_arch = "wasm32"))]
pub mod gradcheck;
pub mod python;

//! Tuning of GPU kernels. Products and convolutions have several kernels with the same bits, and
//! which one is fastest depends on the adapter. A choice by the adapter's kind needs no
//! measurement; measurements by class of sizes replace it, in a program ([`tune_as_needed`]), or
//! where a program must await ([`tune`]).
//!
//! ```
//! use kindling::{Device, tuning};
//! // The CPU has nothing to measure.
//! assert!(tuning::choices(&Device::cpu()).classes.is_empty());
//! ```

pub use crate::ops::gemm::{Choice, Choices, Variant, adopt, choices, tune};
#[cfg(not(target_arch = "wasm32"))]
pub use crate::ops::gemm::{recall, tune_as_needed, tuning_ms};

#[doc(hidden)] // For tests, which compare all kernels.
pub use crate::ops::{gemm::set_variant, reduce::set_team};

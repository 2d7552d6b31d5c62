//! The backward pass: gradients of recorded calls. The layer knows the contract of a function;
//! every derivative is in the file of its operation.

mod backward;
mod custom;
mod inplace;

pub use backward::{Backward, backward, grad};
pub use custom::{Call, Context, CustomFunction, custom};

//! Walking back: gradients of what was remembered. It knows the contract of a function; every derivative stands
//! with its operation.

mod backward;
mod custom;
mod inplace;

pub use backward::{Backward, backward, grad};
pub use custom::{Call, Context, CustomFunction, custom};

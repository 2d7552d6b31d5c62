//! Walking back: gradients of what was remembered. It knows the contract of a function; every derivative stands
//! with its operation.

mod backward;
mod inplace;

pub use backward::{Backward, backward, grad};

//! Replay of `ops/`: each family has a file that says how the suite's operations are called on the engine.

mod replay;

mod core;

use super::{Call, Failure, Outcome};

pub use replay::run;

/// Every file's calls. `None` from a file means that it does not know the operation.
const FAMILIES: &[fn(&Call) -> Option<Outcome>] = &[core::call];

/// Calls the operation that a case names.
///
/// # Errors
/// The engine refuses, or no file knows the operation.
pub fn call(call: &Call) -> Outcome {
    let known = FAMILIES.iter().find_map(|family| family(call));
    known.unwrap_or_else(|| Err(Failure::Harness(format!("the operation {} does not exist", call.op))))
}

/// One result as a list.
pub(crate) fn one(tensor: kindling::Result<kindling::Tensor>) -> Outcome {
    Ok(vec![tensor?])
}

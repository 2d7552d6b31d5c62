//! The family `linear`.

use super::super::{Call, Outcome};

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    (call.op == "linear").then(|| linear(call))
}

fn linear(call: &Call) -> Outcome {
    Ok(vec![call.input("input")?.linear(call.input("weight")?, call.optional("bias"))?])
}

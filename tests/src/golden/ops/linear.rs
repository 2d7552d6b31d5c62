//! The family `linear`.

use super::super::{Call, Outcome};

/// Calls it, if it is one of these.
pub fn call(call: &Call) -> Option<Outcome> {
    (call.op == "linear").then(|| linear(call))
}

fn linear(call: &Call) -> Outcome {
    Ok(vec![call.input("input")?.linear(call.input("weight")?, call.optional("bias"))?])
}

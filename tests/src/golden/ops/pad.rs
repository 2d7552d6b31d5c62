//! Calls of the family `pad`.

use kindling::PadMode;

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    (call.op == "pad").then(|| run(call))
}

fn run(call: &Call) -> Outcome {
    let mode = match call.text("mode")? {
        "constant" => PadMode::Constant(call.optional_number("value")?.unwrap_or(0.0)),
        "reflect" => PadMode::Reflect,
        "replicate" => PadMode::Replicate,
        "circular" => PadMode::Circular,
        other => return Err(Failure::Harness(format!("no mode of padding: {other}"))),
    };
    one(call.input("input")?.pad(&call.ints("pad")?, mode))
}

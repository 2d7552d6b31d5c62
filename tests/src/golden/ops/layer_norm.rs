//! Normalizations of the last dimensions.

use super::super::{Call, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "layer_norm" => layer_norm(call),
        "rms_norm" => rms_norm(call),
        _ => return None,
    })
}

fn layer_norm(call: &Call) -> Outcome {
    let (weight, bias) = (call.optional("weight"), call.optional("bias"));
    one(call.input("input")?.layer_norm(&call.sizes("normalized_shape")?, weight, bias, call.number("eps")?))
}

fn rms_norm(call: &Call) -> Outcome {
    let weight = call.optional("weight");
    one(call.input("input")?.rms_norm(&call.sizes("normalized_shape")?, weight, call.number("eps")?))
}

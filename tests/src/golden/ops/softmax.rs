//! softmax and its logarithm.

use super::super::{Call, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "softmax" => call.input("input").and_then(|x| one(x.softmax(call.int("dim")?))),
        "log_softmax" => call.input("input").and_then(|x| one(x.log_softmax(call.int("dim")?))),
        _ => return None,
    })
}

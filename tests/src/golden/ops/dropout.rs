//! Calls of the family `dropout`.

use super::super::{Call, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    (call.op == "dropout").then(|| one(call.input("input")?.dropout(call.number("p")?, call.flag("training")?)))
}

//! Calls of the family `dropout`.

use super::super::{Call, Outcome};
use super::one;

/// Calls it, if it is one of these.
pub fn call(call: &Call) -> Option<Outcome> {
    (call.op == "dropout").then(|| one(call.input("input")?.dropout(call.number("p")?, call.flag("training")?)))
}

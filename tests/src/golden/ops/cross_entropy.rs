//! Losses of classes.

use kindling::ops::CrossEntropyOptions;

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "cross_entropy" => options(call, true)
            .and_then(|options| one(call.input("input")?.cross_entropy_with(call.input("target")?, &options))),
        "nll_loss" => options(call, false)
            .and_then(|options| one(call.input("input")?.nll_loss_with(call.input("target")?, &options))),
        _ => return None,
    })
}

fn options(call: &Call, smoothing: bool) -> Result<CrossEntropyOptions, Failure> {
    Ok(CrossEntropyOptions {
        weight: call.optional("weight").cloned(),
        ignore_index: call.int("ignore_index")? as i32,
        reduction: call.text("reduction")?.parse()?,
        label_smoothing: if smoothing { call.number("label_smoothing")? } else { 0.0 },
    })
}

//! Calls of the families `cumulative` and `sort_topk`.

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    ["cumsum", "cumprod", "sort", "topk"].contains(&call.op.as_str()).then(|| run(call))
}

fn run(call: &Call) -> Outcome {
    let (input, dim) = (call.input("input")?, call.int("dim")?);
    let (values, places) = match call.op.as_str() {
        "cumsum" => return one(input.cumsum(dim)),
        "cumprod" => return one(input.cumprod(dim)),
        "sort" => input.sort(dim, call.flag("descending")?)?,
        "topk" => input.topk(call.sizes("k")?[0], dim, call.flag("largest")?)?,
        other => return Err(Failure::Harness(format!("{other} is not in the families cumulative and sort_topk"))),
    };
    Ok(vec![values, places])
}

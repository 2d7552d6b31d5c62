//! Calls of the family `shape`.

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    const OPS: &[&str] = &[
        "reshape",
        "view",
        "permute",
        "transpose",
        "expand",
        "squeeze",
        "unsqueeze",
        "flatten",
        "unflatten",
        "contiguous",
    ];
    OPS.contains(&call.op.as_str()).then(|| run(call))
}

fn run(call: &Call) -> Outcome {
    let input = call.input("input")?;
    one(match call.op.as_str() {
        "reshape" => input.reshape(&call.ints("shape")?),
        "view" => input.view(&call.ints("shape")?),
        "permute" => input.permute(&call.ints("dims")?),
        "transpose" => input.transpose(call.int("dim0")?, call.int("dim1")?),
        "expand" => input.expand(&call.ints("size")?),
        "squeeze" => match call.optional_ints("dim")? {
            Some(dims) => input.squeeze_dims(&dims),
            None => input.squeeze(),
        },
        "unsqueeze" => input.unsqueeze(call.int("dim")?),
        "flatten" => input.flatten(call.int("start_dim")?, call.int("end_dim")?),
        "unflatten" => input.unflatten(call.int("dim")?, &call.ints("sizes")?),
        "contiguous" => input.contiguous(),
        other => return Err(Failure::Harness(format!("{other} is not in the family shape"))),
    })
}

//! The family `matmul`.

use super::super::{Call, Outcome};

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "matmul" | "bmm" | "outer" => product(call),
        "addmm" => addmm(call),
        _ => return None,
    })
}

fn product(call: &Call) -> Outcome {
    let (input, other) = (call.input("input")?, call.input("other")?);
    Ok(vec![match call.op.as_str() {
        "bmm" => input.bmm(other)?,
        "outer" => input.outer(other)?,
        _ => input.matmul(other)?,
    }])
}

fn addmm(call: &Call) -> Outcome {
    let (input, other) = (call.input("input")?, call.input("other")?);
    Ok(vec![call.input("bias")?.addmm(input, other, call.number("beta")?, call.number("alpha")?)?])
}

//! Calls of the family `where_mask`, and `to_dtype` of the family `promotion`.

use kindling::DType;

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "where" => where_(call),
        "masked_fill" => masked_fill(call),
        "to_dtype" => to_dtype(call),
        _ => return None,
    })
}

fn where_(call: &Call) -> Outcome {
    one(call.input("condition")?.where_(call.input("input")?, call.input("other")?))
}

fn masked_fill(call: &Call) -> Outcome {
    one(call.input("input")?.masked_fill(call.input("mask")?, call.number("value")?))
}

fn to_dtype(call: &Call) -> Outcome {
    let dtype = match call.text("dtype")? {
        "f32" => DType::F32,
        "i32" | "i64" => DType::I32,
        "bool" => DType::Bool,
        other => return Err(Failure::Harness(format!("to_dtype: there is no type {other}"))),
    };
    one(call.input("input")?.to_dtype(dtype))
}

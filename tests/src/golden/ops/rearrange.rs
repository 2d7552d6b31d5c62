//! Calls of the family `rearrange`.

use kindling::Index;
use serde_json::Value;

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    const OPS: &[&str] = &["flip", "roll", "repeat", "narrow", "select", "slice", "getitem", "tril", "triu"];
    OPS.contains(&call.op.as_str()).then(|| run(call))
}

fn run(call: &Call) -> Outcome {
    let input = call.input("input")?;
    one(match call.op.as_str() {
        "flip" => input.flip(&call.ints("dims")?),
        "roll" => input.roll(&call.ints("shifts")?, &call.ints("dims")?),
        "repeat" => input.repeat(&call.sizes("repeats")?),
        "narrow" => input.narrow(call.int("dim")?, call.int("start")?, call.sizes("length")?[0]),
        "select" => input.select(call.int("dim")?, call.int("index")?),
        "slice" => {
            let (start, stop) = (call.optional_int("start")?, call.optional_int("stop")?);
            input.slice(call.int("dim")?, start, stop, call.int("step")?)
        }
        "getitem" => input.index(&indices(call.attr("index"))?),
        "tril" => input.tril(call.int("diagonal")?),
        "triu" => input.triu(call.int("diagonal")?),
        other => return Err(Failure::Harness(format!("{other} is not in the family rearrange"))),
    })
}

/// Returns a list of integers, null for a new axis, "..." and [start, stop, step].
fn indices(list: &Value) -> Result<Vec<Index>, Failure> {
    let int = |value: &Value| value.as_i64().map(|i| i as isize);
    let index = |value: &Value| match value {
        Value::Null => Some(Index::NewAxis),
        Value::String(text) if text == "..." => Some(Index::Ellipsis),
        Value::Array(parts) => match parts.as_slice() {
            [start, stop, step] => {
                Some(Index::Slice { start: int(start), stop: int(stop), step: int(step).unwrap_or(1) })
            }
            _ => None,
        },
        value => int(value).map(Index::At),
    };
    let all: Option<Vec<Index>> = list.as_array().and_then(|list| list.iter().map(index).collect());
    all.ok_or_else(|| Failure::Harness(format!("no list of indices: {list}")))
}

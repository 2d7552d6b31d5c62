//! Calls of the family `join_split`.

use kindling::Tensor;

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    ["cat", "stack", "split", "chunk", "unbind"].contains(&call.op.as_str()).then(|| run(call))
}

fn run(call: &Call) -> Outcome {
    let dim = call.int("dim")?;
    let all: Vec<&Tensor> = call.tensors.iter().collect();
    Ok(match call.op.as_str() {
        "cat" => return one(Tensor::cat(&all, dim)),
        "stack" => return one(Tensor::stack(&all, dim)),
        "split" if call.attr("split_size_or_sections").is_array() => {
            call.input("input")?.split(&call.sizes("split_size_or_sections")?, dim)?
        }
        "split" => call.input("input")?.split_size(call.sizes("split_size_or_sections")?[0], dim)?,
        "chunk" => call.input("input")?.chunk(call.sizes("chunks")?[0], dim)?,
        "unbind" => call.input("input")?.unbind(dim)?,
        other => return Err(Failure::Harness(format!("{other} is not in the family join_split"))),
    })
}

//! Calls of the families `indexing` and `embedding`.

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    const OPS: &[&str] = &["index_select", "gather", "scatter_add", "scatter", "one_hot", "embedding"];
    OPS.contains(&call.op.as_str()).then(|| run(call))
}

fn run(call: &Call) -> Outcome {
    let input = call.input("input")?;
    one(match call.op.as_str() {
        "index_select" => input.index_select(call.int("dim")?, call.input("index")?),
        "gather" => input.gather(call.int("dim")?, call.input("index")?),
        "scatter_add" => input.scatter_add(call.int("dim")?, call.input("index")?, call.input("src")?),
        "scatter" => input.scatter(call.int("dim")?, call.input("index")?, call.input("src")?),
        "one_hot" if call.int("num_classes")? == -1 => input.one_hot(None),
        "one_hot" => input.one_hot(Some(call.sizes("num_classes")?[0])),
        "embedding" => {
            let padding = call.optional_int("padding_idx")?;
            input.embedding(call.input("weight")?, padding, call.flag("scale_grad_by_freq")?)
        }
        other => return Err(Failure::Harness(format!("{other} is not in the family indexing"))),
    })
}

//! Calls that are no operation of their own: programs of other operations, `detach`.

use std::collections::HashMap;

use kindling::Tensor;
use serde_json::Value;

use super::super::{Call, Failure, Outcome};

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "compose" => compose(call),
        "detach" => call.input("input").map(|input| vec![input.detach()]),
        _ => return None,
    })
}

/// Returns a straight-line program: each step calls an operation on named tensors and names its
/// results.
fn compose(call: &Call) -> Outcome {
    let mut named: HashMap<String, Tensor> = HashMap::new();
    for (i, tensor) in call.tensors.iter().enumerate() {
        named.insert(format!("in{i}"), tensor.clone());
    }
    let fetch = |named: &HashMap<String, Tensor>, name: &Value| {
        let name = name.as_str().unwrap_or_default();
        named.get(name).cloned().ok_or_else(|| Failure::Harness(format!("the program has no tensor {name}")))
    };
    for step in list(call.attr("program"))? {
        let mut tensors = Vec::new();
        for name in list(&step["in"])? {
            tensors.push(fetch(&named, name)?);
        }
        let inner = Call {
            op: step["op"].as_str().unwrap_or_default().to_owned(),
            roles: list(&step["roles"])?.iter().map(|role| role.as_str().unwrap_or_default().to_owned()).collect(),
            tensors,
            attrs: step["attrs"].clone(),
            device: call.device.clone(),
        };
        for (name, tensor) in names(&step["out"])?.into_iter().zip(super::call(&inner)?) {
            named.insert(name, tensor);
        }
    }
    list(call.attr("outputs"))?.iter().map(|name| fetch(&named, name)).collect()
}

fn list(value: &Value) -> Result<&Vec<Value>, Failure> {
    value.as_array().ok_or_else(|| Failure::Harness(format!("expected a list, found {value}")))
}

fn names(value: &Value) -> Result<Vec<String>, Failure> {
    match value.as_str() {
        Some(name) => Ok(vec![name.to_owned()]),
        None => Ok(list(value)?.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()),
    }
}

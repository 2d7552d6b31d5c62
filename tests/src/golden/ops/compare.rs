//! Calls of the family `compare`, and the questions of `nonfinite`: their answers are bools.

use kindling::{Result, Tensor};

use super::super::{Call, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    if let Some(f) = of_tensors(&call.op) {
        return Some(two_tensors(call, f));
    }
    if let Some(f) = of_number(&call.op) {
        return Some(tensor_and_number(call, f));
    }
    let f = match call.op.as_str() {
        "logical_not" => Tensor::logical_not,
        "isnan" => Tensor::isnan,
        "isinf" => Tensor::isinf,
        "isfinite" => Tensor::isfinite,
        _ => return None,
    };
    Some(call.input("input").and_then(|x| one(f(x))))
}

fn of_tensors(op: &str) -> Option<fn(&Tensor, &Tensor) -> Result<Tensor>> {
    Some(match op {
        "eq" => Tensor::eq,
        "ne" => Tensor::ne,
        "lt" => Tensor::lt,
        "le" => Tensor::le,
        "gt" => Tensor::gt,
        "ge" => Tensor::ge,
        "logical_and" => Tensor::logical_and,
        "logical_or" => Tensor::logical_or,
        "logical_xor" => Tensor::logical_xor,
        _ => return None,
    })
}

fn of_number(op: &str) -> Option<fn(&Tensor, f64) -> Result<Tensor>> {
    Some(match op {
        "eq_scalar" => Tensor::eq_scalar,
        "ne_scalar" => Tensor::ne_scalar,
        "lt_scalar" => Tensor::lt_scalar,
        "le_scalar" => Tensor::le_scalar,
        "gt_scalar" => Tensor::gt_scalar,
        "ge_scalar" => Tensor::ge_scalar,
        _ => return None,
    })
}

fn two_tensors(call: &Call, f: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Outcome {
    one(f(call.input("input")?, call.input("other")?))
}

fn tensor_and_number(call: &Call, f: fn(&Tensor, f64) -> Result<Tensor>) -> Outcome {
    one(f(call.input("input")?, call.number("other")?))
}

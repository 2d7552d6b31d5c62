//! Calls of the family `binary`: arithmetic on two tensors, and on a tensor and a number.

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
    (call.op == "rpow_scalar").then(|| one(call.input("input")?.rpow_scalar(call.number("base")?)))
}

fn of_tensors(op: &str) -> Option<fn(&Tensor, &Tensor) -> Result<Tensor>> {
    Some(match op {
        "add" => Tensor::add,
        "sub" => Tensor::sub,
        "mul" => Tensor::mul,
        "div" => Tensor::div,
        "pow" => Tensor::pow,
        "maximum" => Tensor::maximum,
        "minimum" => Tensor::minimum,
        _ => return None,
    })
}

fn of_number(op: &str) -> Option<fn(&Tensor, f64) -> Result<Tensor>> {
    Some(match op {
        "add_scalar" => Tensor::add_scalar,
        "sub_scalar" => Tensor::sub_scalar,
        "mul_scalar" => Tensor::mul_scalar,
        "div_scalar" => Tensor::div_scalar,
        "rsub_scalar" => Tensor::rsub_scalar,
        "rdiv_scalar" => Tensor::rdiv_scalar,
        _ => return None,
    })
}

/// `f(input, alpha·other)`; only `add` and `sub` have an alpha.
fn two_tensors(call: &Call, f: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Outcome {
    let (input, other) = (call.input("input")?, call.input("other")?);
    match call.optional_number("alpha")? {
        None | Some(1.0) => one(f(input, other)),
        Some(alpha) => one(f(input, &other.mul_scalar(alpha)?)),
    }
}

fn tensor_and_number(call: &Call, f: fn(&Tensor, f64) -> Result<Tensor>) -> Outcome {
    one(f(call.input("input")?, call.number("other")? * call.optional_number("alpha")?.unwrap_or(1.0)))
}

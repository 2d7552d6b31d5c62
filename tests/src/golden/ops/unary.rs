//! Calls of the families `unary` and `unary_extra`: one tensor, element by element.

use kindling::ops::Gelu;
use kindling::{Result, Tensor};

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    if let Some(f) = plain(&call.op) {
        return Some(call.input("input").and_then(|x| one(f(x))));
    }
    let with_options = match call.op.as_str() {
        "leaky_relu" => leaky_relu,
        "gelu" => gelu,
        "softplus" => softplus,
        "elu" => elu,
        "pow_scalar" => pow_scalar,
        "clamp" => clamp,
        "glu" => glu,
        _ => return None,
    };
    Some(with_options(call))
}

fn plain(op: &str) -> Option<fn(&Tensor) -> Result<Tensor>> {
    Some(match op {
        "neg" => Tensor::neg,
        "abs" => Tensor::abs,
        "exp" => Tensor::exp,
        "log" => Tensor::log,
        "sqrt" => Tensor::sqrt,
        "rsqrt" => Tensor::rsqrt,
        "sin" => Tensor::sin,
        "cos" => Tensor::cos,
        "tanh" => Tensor::tanh,
        "sigmoid" => Tensor::sigmoid,
        "relu" => Tensor::relu,
        "silu" => Tensor::silu,
        "reciprocal" => Tensor::reciprocal,
        "square" => Tensor::square,
        "sign" => Tensor::sign,
        "floor" => Tensor::floor,
        "round" => Tensor::round,
        "ceil" => Tensor::ceil,
        "trunc" => Tensor::trunc,
        "log1p" => Tensor::log1p,
        "expm1" => Tensor::expm1,
        "log2" => Tensor::log2,
        "erf" => Tensor::erf,
        "atan" => Tensor::atan,
        "relu6" => Tensor::relu6,
        "selu" => Tensor::selu,
        "hardsigmoid" => Tensor::hardsigmoid,
        "hardswish" => Tensor::hardswish,
        "mish" => Tensor::mish,
        "logsigmoid" => Tensor::logsigmoid,
        _ => return None,
    })
}

fn leaky_relu(call: &Call) -> Outcome {
    one(call.input("input")?.leaky_relu(call.number("negative_slope")?))
}

fn gelu(call: &Call) -> Outcome {
    let approximate = match call.text("approximate")? {
        "none" => Gelu::None,
        "tanh" => Gelu::Tanh,
        other => return Err(Failure::Harness(format!("gelu: approximate should be none or tanh, is {other}"))),
    };
    one(call.input("input")?.gelu(approximate))
}

fn softplus(call: &Call) -> Outcome {
    one(call.input("input")?.softplus(call.number("beta")?, call.number("threshold")?))
}

fn elu(call: &Call) -> Outcome {
    one(call.input("input")?.elu(call.number("alpha")?))
}

fn pow_scalar(call: &Call) -> Outcome {
    one(call.input("input")?.pow_scalar(call.number("exponent")?))
}

fn clamp(call: &Call) -> Outcome {
    one(call.input("input")?.clamp(call.optional_number("min")?, call.optional_number("max")?))
}

fn glu(call: &Call) -> Outcome {
    one(call.input("input")?.glu(call.int("dim")?))
}

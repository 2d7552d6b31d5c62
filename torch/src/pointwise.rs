//! Pointwise functions: arithmetic, comparisons, functions of a number.

use kindling::ops::Gelu;
use kindling::{DType, Tensor};

use crate::{Args, Error, Host, Result, Value};

type Unary = fn(&Tensor) -> kindling::Result<Tensor>;

const UNARY: &[(&str, Unary)] = &[
    ("abs", Tensor::abs),
    ("atan", Tensor::atan),
    ("arctan", Tensor::atan),
    ("ceil", Tensor::ceil),
    ("cos", Tensor::cos),
    ("erf", Tensor::erf),
    ("exp", Tensor::exp),
    ("expm1", Tensor::expm1),
    ("floor", Tensor::floor),
    ("isfinite", Tensor::isfinite),
    ("isinf", Tensor::isinf),
    ("isnan", Tensor::isnan),
    ("log", Tensor::log),
    ("log1p", Tensor::log1p),
    ("log2", Tensor::log2),
    ("logical_not", Tensor::logical_not),
    ("neg", Tensor::neg),
    ("negative", Tensor::neg),
    ("reciprocal", Tensor::reciprocal),
    ("round", Tensor::round),
    ("rsqrt", Tensor::rsqrt),
    ("sigmoid", Tensor::sigmoid),
    ("sign", Tensor::sign),
    ("sin", Tensor::sin),
    ("sqrt", Tensor::sqrt),
    ("square", Tensor::square),
    ("tanh", Tensor::tanh),
    ("trunc", Tensor::trunc),
];

/// Activations take `inplace`, which changes nothing about the result.
const ACTIVATIONS: &[(&str, Unary)] = &[
    ("hardsigmoid", Tensor::hardsigmoid),
    ("hardswish", Tensor::hardswish),
    ("mish", Tensor::mish),
    ("relu", Tensor::relu),
    ("relu6", Tensor::relu6),
    ("selu", Tensor::selu),
    ("silu", Tensor::silu),
    ("logsigmoid", Tensor::logsigmoid),
];

type Binary = fn(&Tensor, &Tensor) -> kindling::Result<Tensor>;
type Scalar = fn(&Tensor, f64) -> kindling::Result<Tensor>;

/// Name; functions of tensor and tensor, tensor and number, and number and tensor, called with the
/// tensor first.
const BINARY: &[(&str, Binary, Scalar, Scalar)] = &[
    ("add", Tensor::add, Tensor::add_scalar, Tensor::add_scalar),
    ("sub", Tensor::sub, Tensor::sub_scalar, Tensor::rsub_scalar),
    ("mul", Tensor::mul, Tensor::mul_scalar, Tensor::mul_scalar),
    ("div", Tensor::div, Tensor::div_scalar, Tensor::rdiv_scalar),
    ("pow", Tensor::pow, Tensor::pow_scalar, Tensor::rpow_scalar),
    ("eq", Tensor::eq, Tensor::eq_scalar, Tensor::eq_scalar),
    ("ne", Tensor::ne, Tensor::ne_scalar, Tensor::ne_scalar),
    ("lt", Tensor::lt, Tensor::lt_scalar, Tensor::gt_scalar),
    ("le", Tensor::le, Tensor::le_scalar, Tensor::ge_scalar),
    ("gt", Tensor::gt, Tensor::gt_scalar, Tensor::lt_scalar),
    ("ge", Tensor::ge, Tensor::ge_scalar, Tensor::le_scalar),
    ("remainder", remainder, remainder_scalar, remainder_of_scalar),
    ("floor_divide", floor_divide, floor_divide_scalar, floor_divide_of_scalar),
];

const BINARY_TENSORS: &[(&str, Binary)] = &[
    ("maximum", Tensor::maximum),
    ("minimum", Tensor::minimum),
    ("logical_and", Tensor::logical_and),
    ("logical_or", Tensor::logical_or),
    ("logical_xor", Tensor::logical_xor),
];

/// Resolves aliases of functions.
fn plain(name: &str) -> &str {
    match name {
        "multiply" => "mul",
        "divide" | "true_divide" => "div",
        "subtract" => "sub",
        "greater" => "gt",
        "less" => "lt",
        "not_equal" => "ne",
        "absolute" => "abs",
        "bitwise_not" => "logical_not",
        other => other,
    }
}

/// Calls a pointwise function.
pub fn call(cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    let name = plain(name);
    if let Some((_, f)) = UNARY.iter().find(|(n, _)| *n == name) {
        return Ok(Some(Value::Tensor(f(args.bind(name, &["input"])?.tensor("input")?)?)));
    }
    if let Some((_, f)) = ACTIVATIONS.iter().find(|(n, _)| *n == name) {
        return Ok(Some(Value::Tensor(f(args.bind(name, &["input", "inplace"])?.tensor("input")?)?)));
    }
    if let Some((_, f)) = BINARY_TENSORS.iter().find(|(n, _)| *n == name) {
        let a = args.bind(name, &["input", "other"])?;
        return Ok(Some(Value::Tensor(f(a.tensor("input")?, a.tensor("other")?)?)));
    }
    if let Some((_, tensors, scalar, of_scalar)) = BINARY.iter().find(|(n, ..)| *n == name) {
        let a = match name {
            "pow" => args.bind(name, &["input", "exponent"])?,
            _ => args.bind(name, &["input", "other", "alpha"])?,
        };
        let input = a.need("input")?;
        let other = a.need(if name == "pow" { "exponent" } else { "other" })?;
        let alpha = if name == "pow" { 1.0 } else { a.number_or("alpha", 1.0)? };
        let result = match (input, other) {
            (Value::Tensor(x), Value::Tensor(y)) if alpha != 1.0 => tensors(x, &y.mul_scalar(alpha)?)?,
            (Value::Tensor(x), Value::Tensor(y)) => tensors(x, y)?,
            (Value::Tensor(x), number) => with_number(cx, x, number, alpha, *scalar)?,
            (number, Value::Tensor(y)) => with_number(cx, y, number, 1.0, *of_scalar)?,
            _ => return Err(Error::new(format!("{name}() needs a Tensor"))),
        };
        return Ok(Some(Value::Tensor(result)));
    }
    let tensor = match name {
        "clamp" | "clip" => {
            let a = args.bind(name, &["input", "min", "max"])?;
            let bound = |n: &str| a.get(n).map(Value::as_number).transpose();
            match (a.get("min"), a.get("max")) {
                (Some(Value::Tensor(low)), high) => {
                    let x = a.tensor("input")?.maximum(low)?;
                    if let Some(high) = high { x.minimum(high.as_tensor()?)? } else { x }
                }
                (None, Some(Value::Tensor(high))) => a.tensor("input")?.minimum(high)?,
                _ => a.tensor("input")?.clamp(bound("min")?, bound("max")?)?,
            }
        }
        "clamp_min" => {
            let a = args.bind(name, &["input", "min"])?;
            a.tensor("input")?.clamp(Some(a.number("min")?), None)?
        }
        "clamp_max" => {
            let a = args.bind(name, &["input", "max"])?;
            a.tensor("input")?.clamp(None, Some(a.number("max")?))?
        }
        "leaky_relu" => {
            let a = args.bind(name, &["input", "negative_slope", "inplace"])?;
            a.tensor("input")?.leaky_relu(a.number_or("negative_slope", 0.01)?)?
        }
        "elu" => {
            let a = args.bind(name, &["input", "alpha", "inplace"])?;
            a.tensor("input")?.elu(a.number_or("alpha", 1.0)?)?
        }
        "softplus" => {
            let a = args.bind(name, &["input", "beta", "threshold"])?;
            a.tensor("input")?.softplus(a.number_or("beta", 1.0)?, a.number_or("threshold", 20.0)?)?
        }
        "gelu" => {
            let a = args.bind(name, &["input", "approximate"])?;
            let kind = if a.text_or("approximate", "none")? == "tanh" { Gelu::Tanh } else { Gelu::None };
            a.tensor("input")?.gelu(kind)?
        }
        "glu" => {
            let a = args.bind(name, &["input", "dim"])?;
            a.tensor("input")?.glu(a.int_or("dim", -1)?)?
        }
        "where" => {
            let a = args.bind(name, &["condition", "input", "other"])?;
            let condition = a.tensor("condition")?;
            let like = [a.need("input")?, a.need("other")?].iter().find_map(|v| v.as_tensor().ok().map(Tensor::dtype));
            let tensor = |name: &str| match a.need(name)? {
                Value::Tensor(t) => Ok(t.clone()),
                number => {
                    let dtype = like.unwrap_or(DType::F32);
                    Ok::<_, Error>(Tensor::full(Vec::<usize>::new(), number.as_number()?, (dtype, cx.device()))?)
                }
            };
            condition.where_(&tensor("input")?, &tensor("other")?)?
        }
        "masked_fill" => {
            let a = args.bind(name, &["input", "mask", "value"])?;
            a.tensor("input")?.masked_fill(a.tensor("mask")?, a.number("value")?)?
        }
        "lerp" => {
            let a = args.bind(name, &["input", "end", "weight"])?;
            let (x, y) = (a.tensor("input")?, a.tensor("end")?);
            match a.need("weight")? {
                Value::Tensor(w) => x.add(&y.sub(x)?.mul(w)?)?,
                w => x.add(&y.sub(x)?.mul_scalar(w.as_number()?)?)?,
            }
        }
        "addcmul" | "addcdiv" => {
            let a = args.bind(name, &["input", "tensor1", "tensor2", "value"])?;
            let (x, y) = (a.tensor("tensor1")?, a.tensor("tensor2")?);
            let both = if name == "addcmul" { x.mul(y)? } else { x.div(y)? };
            a.tensor("input")?.add(&both.mul_scalar(a.number_or("value", 1.0)?)?)?
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::Tensor(tensor)))
}

/// Calls an operation on a tensor and a number; a float converts integers to floats.
fn with_number(cx: &dyn Host, x: &Tensor, number: &Value, alpha: f64, f: Scalar) -> Result<Tensor> {
    let _ = cx;
    let promoted = matches!(number, Value::Float(_)) && !x.dtype().is_float();
    let x = if promoted { x.to_dtype(DType::F32)? } else { x.clone() };
    Ok(f(&x, number.as_number()? * alpha)?)
}

fn floored(quotient: &Tensor, dtype: DType) -> kindling::Result<Tensor> {
    quotient.floor()?.to_dtype(dtype)
}

fn floor_divide(x: &Tensor, y: &Tensor) -> kindling::Result<Tensor> {
    floored(&x.div(y)?, x.dtype().max(y.dtype()))
}

fn floor_divide_scalar(x: &Tensor, y: f64) -> kindling::Result<Tensor> {
    floored(&x.div_scalar(y)?, x.dtype())
}

fn floor_divide_of_scalar(y: &Tensor, x: f64) -> kindling::Result<Tensor> {
    floored(&y.rdiv_scalar(x)?, y.dtype())
}

fn remainder(x: &Tensor, y: &Tensor) -> kindling::Result<Tensor> {
    x.sub(&floor_divide(x, y)?.mul(y)?)
}

fn remainder_scalar(x: &Tensor, y: f64) -> kindling::Result<Tensor> {
    x.sub(&floor_divide_scalar(x, y)?.mul_scalar(y)?)
}

fn remainder_of_scalar(y: &Tensor, x: f64) -> kindling::Result<Tensor> {
    floor_divide_of_scalar(y, x)?.mul(y)?.rsub_scalar(x)
}

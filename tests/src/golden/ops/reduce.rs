//! Reductions.

use kindling::{Result, Tensor};

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "sum" => over(call, Tensor::sum, Tensor::sum_dim),
        "mean" => over(call, Tensor::mean, Tensor::mean_dim),
        "amax" => over(call, Tensor::max, Tensor::amax),
        "amin" => over(call, Tensor::min, Tensor::amin),
        "any" => over(call, Tensor::any, Tensor::any_dim),
        "all" => over(call, Tensor::all, Tensor::all_dim),
        "logsumexp" => dims(call).and_then(|(x, dims, keepdim)| one(x.logsumexp(&dims, keepdim))),
        "var" => spread(call, Tensor::var_dim),
        "std" => spread(call, Tensor::std_dim),
        "norm" => norm(call),
        "prod" => single(call, Tensor::prod),
        "argmax" => single(call, Tensor::argmax),
        "argmin" => single(call, Tensor::argmin),
        "max" => call.input("input").and_then(|x| one(x.max())),
        "min" => call.input("input").and_then(|x| one(x.min())),
        "max_dim" => extremum(call, Tensor::max_dim),
        "min_dim" => extremum(call, Tensor::min_dim),
        _ => return None,
    })
}

/// Returns the input, the dimensions (all if null) and whether they are kept.
fn dims(call: &Call) -> std::result::Result<(&Tensor, Vec<isize>, bool), Failure> {
    let x = call.input("input")?;
    let dims = call.optional_ints("dim")?.unwrap_or_else(|| (0..x.ndim() as isize).collect());
    Ok((x, dims, call.flag("keepdim")?))
}

fn over(
    call: &Call,
    all: fn(&Tensor) -> Result<Tensor>,
    some: fn(&Tensor, &[isize], bool) -> Result<Tensor>,
) -> Outcome {
    let (x, dims, keepdim) = dims(call)?;
    one(if call.attr("dim").is_null() && !keepdim { all(x) } else { some(x, &dims, keepdim) })
}

fn spread(call: &Call, op: fn(&Tensor, &[isize], f64, bool) -> Result<Tensor>) -> Outcome {
    let (x, dims, keepdim) = dims(call)?;
    one(op(x, &dims, call.number("correction")?, keepdim))
}

fn norm(call: &Call) -> Outcome {
    let (x, _, keepdim) = dims(call)?;
    one(x.norm(call.number("p")?, call.optional_ints("dim")?.as_deref(), keepdim))
}

fn single(call: &Call, op: fn(&Tensor, Option<isize>, bool) -> Result<Tensor>) -> Outcome {
    one(op(call.input("input")?, call.optional_int("dim")?, call.flag("keepdim")?))
}

fn extremum(call: &Call, op: fn(&Tensor, isize, bool) -> Result<(Tensor, Tensor)>) -> Outcome {
    let (values, indices) = op(call.input("input")?, call.int("dim")?, call.flag("keepdim")?)?;
    Ok(vec![values, indices])
}

//! Reductions, and softmax.

use kindling::Tensor;

use crate::dtype;
use crate::{Args, Bound, Error, Host, Result, Value};

/// Calls a reduction.
pub fn call(cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    let tensor = match name {
        "sum" | "mean" => {
            let a = args.bind(name, &["input", "dim", "keepdim", "dtype"])?;
            let input = a.tensor("input")?;
            let input = input.to_dtype(dtype(cx, a.get("dtype"))?.unwrap_or(input.dtype()))?;
            match (name, dims(&a)?) {
                ("sum", None) => input.sum()?,
                ("sum", Some((dims, keepdim))) => input.sum_dim(&dims, keepdim)?,
                (_, None) => input.mean()?,
                (_, Some((dims, keepdim))) => input.mean_dim(&dims, keepdim)?,
            }
        }
        "var" | "std" => {
            let a = args.bind(name, &["input", "dim", "unbiased", "keepdim", "correction"])?;
            let input = a.tensor("input")?;
            // `var(False)`: the first argument is the old `unbiased`.
            let early = matches!(a.get("dim"), Some(Value::Bool(_)));
            let unbiased = if early { a.flag_or("dim", true)? } else { a.flag_or("unbiased", true)? };
            let correction = a.number_or("correction", f64::from(u8::from(unbiased)))?;
            match (name, if early { None } else { dims(&a)? }) {
                ("var", None) => input.var(correction)?,
                ("var", Some((dims, keepdim))) => input.var_dim(&dims, correction, keepdim)?,
                (_, None) => input.std(correction)?,
                (_, Some((dims, keepdim))) => input.std_dim(&dims, correction, keepdim)?,
            }
        }
        "amax" | "amin" | "logsumexp" => {
            let a = args.bind(name, &["input", "dim", "keepdim"])?;
            let (input, keepdim) = (a.tensor("input")?, a.flag_or("keepdim", false)?);
            let dims = a.optional_ints("dim")?.unwrap_or_default();
            match name {
                "amax" => input.amax(&dims, keepdim)?,
                "amin" => input.amin(&dims, keepdim)?,
                _ => input.logsumexp(&dims, keepdim)?,
            }
        }
        "any" | "all" => {
            let a = args.bind(name, &["input", "dim", "keepdim"])?;
            let input = a.tensor("input")?;
            match (name, dims(&a)?) {
                ("any", None) => input.any()?,
                ("any", Some((dims, keepdim))) => input.any_dim(&dims, keepdim)?,
                (_, None) => input.all()?,
                (_, Some((dims, keepdim))) => input.all_dim(&dims, keepdim)?,
            }
        }
        "prod" | "argmax" | "argmin" => {
            let a = args.bind(name, &["input", "dim", "keepdim"])?;
            let (input, dim, keepdim) = (a.tensor("input")?, a.optional_int("dim")?, a.flag_or("keepdim", false)?);
            match name {
                "prod" => input.prod(dim, keepdim)?,
                "argmax" => input.argmax(dim, keepdim)?,
                _ => input.argmin(dim, keepdim)?,
            }
        }
        "norm" => {
            let a = args.bind(name, &["input", "p", "dim", "keepdim"])?;
            let p = match a.get("p") {
                Some(Value::Str(s)) if &**s == "fro" => 2.0,
                Some(Value::Str(s)) => return Err(Error::unknown(format!("the norm '{s}'"))),
                _ => a.number_or("p", 2.0)?,
            };
            let dims = a.optional_ints("dim")?;
            a.tensor("input")?.norm(p, dims.as_deref(), a.flag_or("keepdim", false)?)?
        }
        "softmax" | "log_softmax" => {
            let a = args.bind(name, &["input", "dim", "dtype"])?;
            let (input, dim) = (a.tensor("input")?, a.int("dim")?);
            if name == "softmax" { input.softmax(dim)? } else { input.log_softmax(dim)? }
        }
        "max" | "min" => return extremum(name, args).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(Value::Tensor(tensor)))
}

/// Returns `dim` and `keepdim`; `None` for all dimensions at once.
fn dims(a: &Bound) -> Result<Option<(Vec<isize>, bool)>> {
    let keepdim = a.flag_or("keepdim", false)?;
    Ok(match a.optional_ints("dim")? {
        None if !keepdim => None,
        None => Some(((0..a.tensor("input")?.ndim() as isize).collect(), true)),
        Some(dims) => Some((dims, keepdim)),
    })
}

/// Evaluates `max(input)`, `max(input, dim, keepdim)`, `max(input, other)`.
fn extremum(name: &str, args: &Args) -> Result<Value> {
    let largest = name == "max";
    let a = args.bind(name, &["input", "dim", "keepdim", "other"])?;
    let input = a.tensor("input")?;
    let other = match a.get("dim") {
        Some(Value::Tensor(other)) => Some(other),
        _ => a.optional_tensor("other")?,
    };
    if let Some(other) = other {
        return Ok(Value::Tensor(if largest { input.maximum(other)? } else { input.minimum(other)? }));
    }
    let Some(dim) = a.optional_int("dim")? else {
        return Ok(Value::Tensor(if largest { input.max()? } else { input.min()? }));
    };
    let keepdim = a.flag_or("keepdim", false)?;
    let (values, indices): (Tensor, Tensor) =
        if largest { input.max_dim(dim, keepdim)? } else { input.min_dim(dim, keepdim)? };
    Ok(Value::Named([("values", Value::Tensor(values)), ("indices", Value::Tensor(indices))].into()))
}

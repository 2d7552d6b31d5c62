//! Running sums and products, and sorting.

use crate::{Args, Host, Result, Value};

/// Calls a function along a dimension.
pub fn call(_cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    let (values, indices) = match name {
        "cumsum" | "cumprod" => {
            let a = args.bind(name, &["input", "dim"])?;
            let (input, dim) = (a.tensor("input")?, a.int("dim")?);
            return Ok(Some(Value::Tensor(if name == "cumsum" { input.cumsum(dim)? } else { input.cumprod(dim)? })));
        }
        "sort" | "argsort" => {
            let a = args.bind(name, &["input", "dim", "descending", "stable"])?;
            let sorted = a.tensor("input")?.sort(a.int_or("dim", -1)?, a.flag_or("descending", false)?)?;
            if name == "argsort" {
                return Ok(Some(Value::Tensor(sorted.1)));
            }
            sorted
        }
        "topk" => {
            let a = args.bind(name, &["input", "k", "dim", "largest", "sorted"])?;
            a.tensor("input")?.topk(a.size_or("k", 0)?, a.int_or("dim", -1)?, a.flag_or("largest", true)?)?
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::Named([("values", Value::Tensor(values)), ("indices", Value::Tensor(indices))].into())))
}

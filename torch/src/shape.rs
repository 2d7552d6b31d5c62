//! Views, concatenation and splitting, rearranging, indices, and matrix products.

use kindling::Tensor;

use crate::{Args, Error, Host, Result, Value};

/// Calls a function of shapes.
pub fn call(_cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    let input = || -> Result<&Tensor> {
        let named = args.named.iter().find(|(n, _)| n == "input").map(|(_, v)| v);
        let first = args.positional.first().or(named);
        first.ok_or_else(|| Error::new(format!("{name}() needs a Tensor")))?.as_tensor()
    };
    let tensor = match name {
        "view" => input()?.view(&args.ints(1, "size")?)?,
        "reshape" => input()?.reshape(&args.ints(1, "shape")?)?,
        "permute" => input()?.permute(&args.ints(1, "dims")?)?,
        "expand" => input()?.expand(&args.ints(1, "size")?)?,
        "repeat" => {
            let times: Result<Vec<usize>, _> = args.ints(1, "repeats")?.into_iter().map(usize::try_from).collect();
            input()?.repeat(&times.map_err(|_| Error::new("repeats cannot be negative"))?)?
        }
        "flip" => input()?.flip(&args.ints(1, "dims")?)?,
        "view_as" | "reshape_as" | "expand_as" => {
            let a = args.bind(name, &["input", "other"])?;
            let sizes: Vec<isize> = a.tensor("other")?.dims().iter().map(|n| *n as isize).collect();
            match name {
                "view_as" => input()?.view(&sizes)?,
                "reshape_as" => input()?.reshape(&sizes)?,
                _ => input()?.expand(&sizes)?,
            }
        }
        "t" => input()?.t()?,
        "contiguous" => input()?.contiguous()?,
        "transpose" | "swapaxes" => {
            let a = args.bind(name, &["input", "dim0", "dim1"])?;
            a.tensor("input")?.transpose(a.int("dim0")?, a.int("dim1")?)?
        }
        "squeeze" => {
            let a = args.bind(name, &["input", "dim"])?;
            match a.optional_ints("dim")? {
                None => a.tensor("input")?.squeeze()?,
                Some(dims) => a.tensor("input")?.squeeze_dims(&dims)?,
            }
        }
        "unsqueeze" => {
            let a = args.bind(name, &["input", "dim"])?;
            a.tensor("input")?.unsqueeze(a.int("dim")?)?
        }
        "flatten" => {
            let a = args.bind(name, &["input", "start_dim", "end_dim"])?;
            a.tensor("input")?.flatten(a.int_or("start_dim", 0)?, a.int_or("end_dim", -1)?)?
        }
        "unflatten" => {
            let a = args.bind(name, &["input", "dim", "sizes"])?;
            a.tensor("input")?.unflatten(a.int("dim")?, &a.ints("sizes")?)?
        }
        "cat" | "concat" | "concatenate" | "stack" => {
            let a = args.bind(name, &["tensors", "dim"])?;
            let tensors = a.tensors("tensors")?;
            let tensors: Vec<&Tensor> = tensors.iter().collect();
            let dim = a.int_or("dim", 0)?;
            if name == "stack" { Tensor::stack(&tensors, dim)? } else { Tensor::cat(&tensors, dim)? }
        }
        "roll" => {
            let a = args.bind(name, &["input", "shifts", "dims"])?;
            a.tensor("input")?.roll(&a.ints("shifts")?, &a.optional_ints("dims")?.unwrap_or_default())?
        }
        "narrow" => {
            let a = args.bind(name, &["input", "dim", "start", "length"])?;
            a.tensor("input")?.narrow(a.int("dim")?, a.int("start")?, a.size_or("length", 0)?)?
        }
        "select" => {
            let a = args.bind(name, &["input", "dim", "index"])?;
            a.tensor("input")?.select(a.int("dim")?, a.int("index")?)?
        }
        "tril" | "triu" => {
            let a = args.bind(name, &["input", "diagonal"])?;
            let (input, diagonal) = (a.tensor("input")?, a.int_or("diagonal", 0)?);
            if name == "tril" { input.tril(diagonal)? } else { input.triu(diagonal)? }
        }
        "index_select" => {
            let a = args.bind(name, &["input", "dim", "index"])?;
            a.tensor("input")?.index_select(a.int("dim")?, a.tensor("index")?)?
        }
        "gather" => {
            let a = args.bind(name, &["input", "dim", "index"])?;
            a.tensor("input")?.gather(a.int("dim")?, a.tensor("index")?)?
        }
        "scatter_add" | "scatter" => {
            let a = args.bind(name, &["input", "dim", "index", "src"])?;
            let (input, dim, index, src) = (a.tensor("input")?, a.int("dim")?, a.tensor("index")?, a.tensor("src")?);
            if name == "scatter" { input.scatter(dim, index, src)? } else { input.scatter_add(dim, index, src)? }
        }
        "matmul" | "mm" | "mv" | "dot" => {
            let a = args.bind(name, &["input", "other"])?;
            a.tensor("input")?.matmul(a.tensor("other")?)?
        }
        "bmm" => {
            let a = args.bind(name, &["input", "mat2"])?;
            a.tensor("input")?.bmm(a.tensor("mat2")?)?
        }
        "outer" => {
            let a = args.bind(name, &["input", "vec2"])?;
            a.tensor("input")?.outer(a.tensor("vec2")?)?
        }
        "addmm" => {
            let a = args.bind(name, &["input", "mat1", "mat2", "beta", "alpha"])?;
            let (beta, alpha) = (a.number_or("beta", 1.0)?, a.number_or("alpha", 1.0)?);
            a.tensor("input")?.addmm(a.tensor("mat1")?, a.tensor("mat2")?, beta, alpha)?
        }
        "split" | "chunk" | "unbind" => return split(name, args).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(Value::Tensor(tensor)))
}

fn split(name: &str, args: &Args) -> Result<Value> {
    let a = match name {
        "split" => args.bind(name, &["input", "split_size_or_sections", "dim"])?,
        "chunk" => args.bind(name, &["input", "chunks", "dim"])?,
        _ => args.bind(name, &["input", "dim"])?,
    };
    let (input, dim) = (a.tensor("input")?, a.int_or("dim", 0)?);
    let parts = match name {
        "chunk" => input.chunk(a.size_or("chunks", 0)?, dim)?,
        "unbind" => input.unbind(dim)?,
        _ => match a.need("split_size_or_sections")? {
            Value::Int(_) => input.split_size(a.size_or("split_size_or_sections", 0)?, dim)?,
            _ => {
                let sizes: Result<Vec<usize>, _> =
                    a.ints("split_size_or_sections")?.into_iter().map(usize::try_from).collect();
                input.split(&sizes.map_err(|_| Error::new("a size cannot be negative"))?, dim)?
            }
        },
    };
    Ok(Value::tensors(parts))
}

//! Creation of tensors.

use kindling::{DType, Device, Shape, Tensor};

use crate::dtype;
use crate::{Args, Bound, Error, Host, Result, Value};

/// Calls a function that creates a tensor.
pub fn call(cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    let tensor = match name {
        "tensor" | "as_tensor" => {
            let a = args.bind(name, &["data", "dtype", "device", "requires_grad"])?;
            let made = match a.need("data")? {
                Value::Tensor(t) => t.detach().copy()?,
                data => literal(data, cx.device())?,
            };
            let made = made.to_dtype(dtype(cx, a.get("dtype"))?.unwrap_or(made.dtype()))?;
            made.requires_grad_(a.flag_or("requires_grad", false)?)?
        }
        "zeros" => sized(cx, name, args, |shape, at| Tensor::zeros(shape, at))?,
        "ones" => sized(cx, name, args, |shape, at| Tensor::ones(shape, at))?,
        "empty" => sized(cx, name, args, |shape, at| Tensor::zeros(shape, at))?,
        "rand" => sized(cx, name, args, |shape, at| noise(&shape, at, |r| r))?,
        // The sum of twelve uniform numbers is nearly normal: sufficient for weights that a test
        // replaces.
        "randn" => sized(cx, name, args, |shape, at| noise(&shape, at, |r| r * 3.46 - 1.73))?,
        "full" => {
            let a = args.bind(name, &["size", "fill_value", "dtype", "device", "requires_grad"])?;
            let fill = a.need("fill_value")?;
            let own = natural(fill);
            let shape = shape_of(&a.ints("size")?)?;
            let made = Tensor::full(shape, fill.as_number()?, (options(cx, &a)?.unwrap_or(own), cx.device()))?;
            made.requires_grad_(a.flag_or("requires_grad", false)?)?
        }
        "zeros_like" | "ones_like" | "full_like" | "empty_like" | "rand_like" | "randn_like" => {
            let a = match name {
                "full_like" => args.bind(name, &["input", "fill_value", "dtype", "requires_grad"])?,
                _ => args.bind(name, &["input", "dtype", "requires_grad"])?,
            };
            let input = a.tensor("input")?;
            let at = (options(cx, &a)?.unwrap_or(input.dtype()), cx.device());
            let made = match name {
                "ones_like" => Tensor::ones(input.shape().clone(), at)?,
                "full_like" => Tensor::full(input.shape().clone(), a.number("fill_value")?, at)?,
                "rand_like" | "randn_like" => noise(input.shape(), at, |r| r)?,
                _ => Tensor::zeros(input.shape().clone(), at)?,
            };
            made.requires_grad_(a.flag_or("requires_grad", false)?)?
        }
        "arange" => {
            let ends = args.positional.iter().map(Value::as_number).collect::<Result<Vec<f64>>>()?;
            let (start, end, step) = match ends.as_slice() {
                [end] => (0.0, *end, 1.0),
                [start, end] => (*start, *end, 1.0),
                [start, end, step] => (*start, *end, *step),
                _ => return Err(Error::new("arange() takes one to three numbers")),
            };
            let rest = Args { positional: Vec::new(), named: args.named.clone() };
            let a = rest.bind(name, &["dtype", "device", "requires_grad"])?;
            let float = args.positional.iter().any(|v| matches!(v, Value::Float(_)));
            let own = if float { DType::F32 } else { DType::I32 };
            let made = Tensor::arange(start, end, step, (options(cx, &a)?.unwrap_or(own), cx.device()))?;
            made.requires_grad_(a.flag_or("requires_grad", false)?)?
        }
        "linspace" => {
            let a = args.bind(name, &["start", "end", "steps", "dtype", "device", "requires_grad"])?;
            let at = (options(cx, &a)?.unwrap_or(DType::F32), cx.device());
            let made = Tensor::linspace(a.number("start")?, a.number("end")?, a.size_or("steps", 0)?, at)?;
            made.requires_grad_(a.flag_or("requires_grad", false)?)?
        }
        "eye" => {
            let a = args.bind(name, &["n", "m", "dtype", "device"])?;
            let n = a.size_or("n", 0)?;
            let m = a.size_or("m", n)?;
            let data: Vec<f32> = (0..n * m).map(|i| f32::from(u8::from(i / m == i % m))).collect();
            let made = Tensor::from_slice(&data, [n, m], cx.device())?;
            made.to_dtype(options(cx, &a)?.unwrap_or(DType::F32))?
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::Tensor(tensor)))
}

fn options(cx: &dyn Host, a: &Bound) -> Result<Option<DType>> {
    dtype(cx, a.get("dtype"))
}

fn shape_of(sizes: &[isize]) -> Result<Shape> {
    let sizes: Vec<usize> = sizes
        .iter()
        .map(|n| usize::try_from(*n).map_err(|_| Error::new(format!("a size cannot be negative: {n}"))))
        .collect::<Result<_>>()?;
    Ok(Shape::from(&sizes))
}

/// Applies to functions that take sizes one by one or as a sequence.
fn sized(
    cx: &dyn Host,
    name: &str,
    args: &Args,
    make: impl Fn(Shape, (DType, &Device)) -> kindling::Result<Tensor>,
) -> Result<Tensor> {
    let named = args.named.iter().filter(|(n, _)| n != "size").cloned().collect();
    let a = Args { positional: Vec::new(), named }.bind(name, &["dtype", "device", "requires_grad", "generator"])?;
    let shape = shape_of(&args.ints(0, "size")?)?;
    let made = make(shape, (options(cx, &a)?.unwrap_or(DType::F32), cx.device()))?;
    Ok(made.requires_grad_(a.flag_or("requires_grad", false)?)?)
}

/// Returns pseudo-random numbers: a fixed sequence (Weyl's, by the golden ratio).
fn noise(shape: &Shape, (dtype, device): (DType, &Device), f: impl Fn(f64) -> f64) -> kindling::Result<Tensor> {
    let data: Vec<f32> = (0..shape.numel()).map(|i| f((i as f64 + 0.5) * 0.618_033_988_75 % 1.0) as f32).collect();
    Tensor::from_slice(&data, shape.clone(), device)?.to_dtype(dtype)
}

/// Returns the type of a literal.
fn natural(value: &Value) -> DType {
    match value {
        Value::Bool(_) => DType::Bool,
        Value::Int(_) => DType::I32,
        _ => DType::F32,
    }
}

/// Creates a tensor from nested lists of numbers.
fn literal(data: &Value, device: &Device) -> Result<Tensor> {
    fn collect(value: &Value, depth: usize, shape: &mut Vec<usize>, out: &mut Vec<Value>) -> Result<()> {
        let items = match value {
            Value::List(_) | Value::Tuple(_) | Value::Range(..) => value.items()?,
            leaf => {
                out.push(leaf.clone());
                return if depth == shape.len() { Ok(()) } else { Err(Error::new("nested lists of unequal depth")) };
            }
        };
        if depth == shape.len() {
            if !out.is_empty() {
                return Err(Error::new("nested lists of unequal depth"));
            }
            shape.push(items.len());
        }
        if shape[depth] != items.len() {
            return Err(Error::new("nested lists of unequal length"));
        }
        items.iter().try_for_each(|item| collect(item, depth + 1, shape, out))
    }
    let (mut shape, mut leaves) = (Vec::new(), Vec::new());
    collect(data, 0, &mut shape, &mut leaves)?;
    let numbers: Vec<f64> = leaves.iter().map(Value::as_number).collect::<Result<_>>()?;
    let dtype = leaves.iter().map(natural).max().unwrap_or(DType::F32);
    Ok(match dtype {
        DType::Bool => Tensor::from_slice(&numbers.iter().map(|x| *x != 0.0).collect::<Vec<bool>>(), shape, device)?,
        DType::I32 => Tensor::from_slice(&numbers.iter().map(|x| *x as i32).collect::<Vec<i32>>(), shape, device)?,
        _ => Tensor::from_slice(&numbers.iter().map(|x| *x as f32).collect::<Vec<f32>>(), shape, device)?,
    })
}

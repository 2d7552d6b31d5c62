//! Attributes of a tensor, and methods that are not operations.

use kindling::autograd::Backward;
use kindling::{DType, Tensor};

use crate::dtype;
use crate::reads::read;
use crate::value::item;
use crate::{Args, Error, Host, Object, Result, Value};

/// Returns an attribute; `None` for a method or an unknown name.
///
/// # Errors
/// The engine fails.
pub fn attribute(tensor: &Tensor, name: &str) -> Result<Option<Value>> {
    Ok(Some(match name {
        "grad" => Value::optional(tensor.grad()),
        "grad_fn" => match tensor.grad_fn() {
            Some(node) => Value::Str(node.name().into()),
            None => Value::None,
        },
        "is_leaf" => Value::Bool(tensor.is_leaf()),
        "requires_grad" => Value::Bool(tensor.requires_grad()),
        "retains_grad" => Value::Bool(tensor.retains_grad()),
        "_version" => Value::Int(tensor.version() as i64),
        "shape" => Value::size(tensor.dims()),
        "ndim" => Value::Int(tensor.ndim() as i64),
        "dtype" => Value::DType(tensor.dtype()),
        "device" => Value::Str(tensor.device().to_string().into()),
        "data" => Value::Tensor(tensor.data()),
        "T" | "mT" => Value::Tensor(match tensor.ndim() {
            0 | 1 => tensor.clone(),
            _ if name == "mT" => tensor.transpose(-2, -1)?,
            n => tensor.permute(&(0..n as isize).rev().collect::<Vec<_>>())?,
        }),
        _ => return Ok(None),
    }))
}

/// Sets an attribute.
///
/// # Errors
/// It cannot be set.
pub fn set_attribute(tensor: &Tensor, name: &str, value: Value) -> Result<()> {
    match (name, value) {
        ("grad", Value::None) => tensor.set_grad(None),
        ("grad", Value::Tensor(grad)) => tensor.set_grad(Some(grad)),
        ("requires_grad", value) => {
            tensor.requires_grad_(value.truth()?)?;
        }
        ("data", Value::Tensor(new)) => tensor.data().copy_(&new)?,
        (name, _) => return Err(Error::unknown(format!("setting Tensor.{name}"))),
    }
    Ok(())
}

/// Calls a method.
pub fn call(cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    let Some(Value::Tensor(tensor)) = args.positional.first() else { return Ok(None) };
    let bare = |names: &'static [&'static str]| args.bind(name, names);
    Ok(Some(match name {
        "backward" => {
            let a = bare(&["input", "gradient", "retain_graph", "create_graph"])?;
            let gradient = a.optional_tensor("gradient")?.cloned();
            options(&a, gradient)?.run(tensor)?;
            Value::None
        }
        "detach" => Value::Tensor(tensor.detach()),
        "clone" => Value::Tensor(tensor.copy()?),
        "requires_grad_" => {
            let a = bare(&["input", "requires_grad"])?;
            Value::Tensor(tensor.requires_grad_(a.flag_or("requires_grad", true)?)?)
        }
        "retain_grad" => {
            tensor.retain_grad()?;
            Value::None
        }
        "register_hook" => {
            let hook = bare(&["input", "hook"])?.need("hook")?.clone();
            let host = cx.share();
            let call = move |grad: &Tensor| -> kindling::Result<Option<Tensor>> {
                match host.call(&hook, Args::of(vec![Value::Tensor(grad.clone())]))? {
                    Value::None => Ok(None),
                    other => Ok(Some(other.as_tensor()?.clone())),
                }
            };
            let id = tensor.register_hook(call)?;
            Value::Object(std::rc::Rc::new(Handle { tensor: tensor.clone(), id }))
        }
        "item" => {
            let number = item(tensor)?;
            match tensor.dtype() {
                DType::Bool => Value::Bool(number != 0.0),
                dtype if dtype.is_float() => Value::Float(number),
                _ => Value::Int(number as i64),
            }
        }
        "tolist" => {
            let numbers = read(&[tensor])?.remove(0).to_f64();
            nested(&numbers, tensor.dims(), tensor.dtype())
        }
        "numel" | "nelement" => Value::Int(tensor.numel() as i64),
        "dim" => Value::Int(tensor.ndim() as i64),
        "size" => match bare(&["input", "dim"])?.optional_int("dim")? {
            Some(dim) => Value::Int(tensor.size(dim)? as i64),
            None => Value::size(tensor.dims()),
        },
        "stride" => match bare(&["input", "dim"])?.optional_int("dim")? {
            Some(dim) => {
                let dim = if dim < 0 { dim + tensor.ndim() as isize } else { dim };
                let stride = usize::try_from(dim).ok().and_then(|d| tensor.stride().get(d));
                Value::Int(*stride.ok_or_else(|| Error::new("IndexError: stride()"))? as i64)
            }
            None => Value::size(tensor.stride()),
        },
        "storage_offset" => Value::Int(tensor.storage_offset() as i64),
        "data_ptr" => Value::Pointer(tensor.clone()),
        "is_contiguous" => Value::Bool(tensor.is_contiguous()),
        "is_floating_point" => Value::Bool(tensor.dtype().is_float()),
        "float" => Value::Tensor(tensor.to_dtype(DType::F32)?),
        "double" => Value::Tensor(tensor.to_dtype(dtype(cx, Some(&Value::DType(DType::F64)))?.unwrap_or(DType::F32))?),
        "long" | "int" => Value::Tensor(tensor.to_dtype(DType::I32)?),
        "bool" => Value::Tensor(tensor.to_dtype(DType::Bool)?),
        "cpu" | "cuda" => Value::Tensor(tensor.clone()),
        "to" => match bare(&["input", "dtype", "device"])?.get("dtype") {
            Some(Value::Tensor(like)) => Value::Tensor(tensor.to_dtype(like.dtype())?),
            Some(Value::Str(_)) | None => Value::Tensor(tensor.clone()),
            wanted => Value::Tensor(tensor.to_dtype(dtype(cx, wanted)?.unwrap_or(tensor.dtype()))?),
        },
        "type_as" => Value::Tensor(tensor.to_dtype(bare(&["input", "other"])?.tensor("other")?.dtype())?),
        "new_zeros" | "new_ones" => {
            let sizes = args.ints(1, "size")?;
            let sizes: Vec<usize> = sizes.iter().map(|n| (*n).max(0) as usize).collect();
            let at = (tensor.dtype(), &tensor.device());
            Value::Tensor(if name == "new_ones" { Tensor::ones(sizes, at)? } else { Tensor::zeros(sizes, at)? })
        }
        "equal" | "allclose" => {
            let a = bare(&["input", "other", "rtol", "atol"])?;
            let other = a.tensor("other")?;
            let arrays = read(&[tensor, other])?;
            let (x, y) = (arrays[0].to_f64(), arrays[1].to_f64());
            let exact = name == "equal";
            let (rtol, atol) =
                if exact { (0.0, 0.0) } else { (a.number_or("rtol", 1e-5)?, a.number_or("atol", 1e-8)?) };
            let close = x.iter().zip(&y).all(|(x, y)| x == y || (x - y).abs() <= atol + rtol * y.abs());
            Value::Bool(tensor.shape() == other.shape() && close)
        }
        _ => return Ok(None),
    }))
}

/// Returns the options of a backward pass.
pub fn options(a: &crate::Bound, gradient: Option<Tensor>) -> Result<Backward> {
    let mut options = Backward::default();
    if let Some(gradient) = gradient {
        options = options.gradient(&gradient);
    }
    if a.flag_or("create_graph", false)? {
        options = options.create_graph();
    }
    if a.flag_or("retain_graph", false)? {
        options = options.retain_graph();
    }
    Ok(options)
}

fn nested(numbers: &[f64], dims: &[usize], dtype: DType) -> Value {
    let Some((first, rest)) = dims.split_first() else {
        return match dtype {
            DType::Bool => Value::Bool(numbers[0] != 0.0),
            dtype if dtype.is_float() => Value::Float(numbers[0]),
            _ => Value::Int(numbers[0] as i64),
        };
    };
    let step: usize = rest.iter().product();
    Value::list((0..*first).map(|i| nested(&numbers[i * step..(i + 1) * step], rest, dtype)).collect())
}

/// Handle returned by `register_hook`.
struct Handle {
    tensor: Tensor,
    id: u64,
}

impl Object for Handle {
    fn class(&self) -> &str {
        "RemovableHandle"
    }

    fn call(&self, _host: &dyn Host, method: &str, _args: Args) -> Result<Value> {
        if method != "remove" {
            return Err(Error::unknown(format!("RemovableHandle.{method}")));
        }
        self.tensor.remove_hook(self.id);
        Ok(Value::None)
    }

    fn any(&self) -> &dyn std::any::Any {
        self
    }
}

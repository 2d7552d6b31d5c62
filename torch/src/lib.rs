//! PyTorch's calls by name, on Kindling. A function and the method of the same name are one entry:
//! the receiver is the first argument. The entries are in one file per theme. The crate knows no
//! interpreter: the caller, which runs the program, is a [`Host`], and its functions are an
//! [`Object`].

mod args;
mod autograd;
mod create;
mod error;
mod functional;
mod host;
mod index;
mod inplace;
mod optim;
mod order;
mod pointwise;
pub mod reads;
mod reduce;
mod resize;
mod shape;
mod tensor;
mod value;
mod windows;

use kindling::DType;

pub use args::{Args, Bound};
pub use error::{Error, Result};
pub use functional::call as functional;
pub use host::Host;
pub use index::{item as tensor_item, set_item as set_tensor_item};
pub use tensor::{attribute, set_attribute};
pub use value::{Object, Value, dict, item, json};

/// Calls a name that is both a function and a method; `None` if it is unsupported.
///
/// # Errors
/// The call fails.
pub fn call(host: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    for table in [pointwise::call, reduce::call, shape::call, order::call, tensor::call, functional::call_shared] {
        if let Some(value) = table(host, name, args)? {
            return Ok(Some(value));
        }
    }
    inplace::call(host, name, args)
}

/// Calls a function of torch by its full name.
///
/// # Errors
/// It does not exist, or fails.
pub fn function(host: &dyn Host, full: &str, args: &Args) -> Result<Value> {
    let name = full.strip_prefix("torch.").unwrap_or(full);
    let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
    let found = match module {
        "" => match create::call(host, last, args)? {
            None => match autograd::call(host, last, args)? {
                None => call(host, last, args)?,
                found => found,
            },
            found => found,
        },
        "autograd" => autograd::call(host, last, args)?,
        "nn.functional" => match functional::call(host, last, args)? {
            None => call(host, last, args)?,
            found => found,
        },
        "nn.utils" => optim::utility(last, args)?,
        "optim" => optim::construct(last, args)?,
        "optim.lr_scheduler" => optim::schedule(last, args)?,
        "Tensor" => call(host, last, args)?,
        _ => None,
    };
    found.ok_or_else(|| Error::unknown(full))
}

/// Returns a constant of a module, such as `torch.float32`.
pub fn constant(module: &str, name: &str) -> Option<Value> {
    Some(match (module, name) {
        ("torch", "float32" | "float") => Value::DType(DType::F32),
        ("torch", "float64" | "double") => Value::DType(DType::F64),
        ("torch", "int64" | "long" | "int32" | "int") => Value::DType(DType::I32),
        ("torch", "bool") => Value::DType(DType::Bool),
        ("torch" | "math", "pi") => Value::Float(std::f64::consts::PI),
        ("torch" | "math", "inf") => Value::Float(f64::INFINITY),
        ("torch" | "math", "nan") => Value::Float(f64::NAN),
        ("math", "e") => Value::Float(std::f64::consts::E),
        ("torch.autograd.function", "Function") => Value::Builtin("torch.autograd.Function".into()),
        _ => return None,
    })
}

/// Returns a dtype given as an argument. On a device without f64, f32 replaces it.
pub fn dtype(host: &dyn Host, value: Option<&Value>) -> Result<Option<DType>> {
    match value {
        None => Ok(None),
        Some(Value::DType(DType::F64)) if !host.device().is_cpu() => Ok(Some(DType::F32)),
        Some(Value::DType(dtype)) => Ok(Some(*dtype)),
        Some(other) => Err(Error::new(format!("expected a dtype, found {}", other.class()))),
    }
}

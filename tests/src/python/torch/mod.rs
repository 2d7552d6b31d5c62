//! The programs' torch, on Kindling. A function and the method of the same name are one entry: the
//! receiver is the first argument. The entries are in one file per theme.

mod autograd;
mod create;
pub mod custom;
mod functional;
mod inplace;
pub mod module;
pub mod nn;
pub mod optim;
mod order;
mod pointwise;
mod reduce;
mod resize;
mod shape;
mod tensor;
mod windows;

use kindling::DType;

use super::{Args, Error, Interpreter, Result, Value};

pub use tensor::{attribute, set_attribute};

/// Calls a name that is both a function and a method; `None` if it is unsupported.
///
/// # Errors
/// The call fails.
pub fn call(interpreter: &Interpreter, name: &str, args: &Args) -> Result<Option<Value>> {
    for table in [pointwise::call, reduce::call, shape::call, order::call, tensor::call, functional::call_shared] {
        if let Some(value) = table(interpreter, name, args)? {
            return Ok(Some(value));
        }
    }
    inplace::call(interpreter, name, args)
}

/// Calls a function of torch by its full name.
///
/// # Errors
/// It does not exist, or fails.
pub fn function(interpreter: &Interpreter, full: &str, args: &Args) -> Result<Value> {
    let name = full.strip_prefix("torch.").unwrap_or(full);
    let (module, last) = name.rsplit_once('.').unwrap_or(("", name));
    let found = match module {
        "" => match create::call(interpreter, last, args)? {
            None => match autograd::call(interpreter, last, args)? {
                None => call(interpreter, last, args)?,
                found => found,
            },
            found => found,
        },
        "autograd" => autograd::call(interpreter, last, args)?,
        "nn.functional" => match functional::call(interpreter, last, args)? {
            None => call(interpreter, last, args)?,
            found => found,
        },
        "nn" => nn::construct(interpreter, last, args)?,
        "nn.utils" => optim::utility(last, args)?,
        "optim" => optim::construct(last, args)?,
        "optim.lr_scheduler" => optim::schedule(last, args)?,
        "Tensor" => call(interpreter, last, args)?,
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
pub fn dtype(interpreter: &Interpreter, value: Option<&Value>) -> Result<Option<DType>> {
    match value {
        None => Ok(None),
        Some(Value::DType(DType::F64)) if !interpreter.device.is_cpu() => Ok(Some(DType::F32)),
        Some(Value::DType(dtype)) => Ok(Some(*dtype)),
        Some(other) => Err(Error::new(format!("expected a dtype, found {}", other.class()))),
    }
}

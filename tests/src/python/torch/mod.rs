//! The part of `torch` that needs the interpreter, beyond the calls of `kindling_torch`: classes
//! that programs derive from (`nn.Module`, `autograd.Function`) and the layers.

pub mod custom;
pub mod module;
pub mod nn;

use super::{Args, Interpreter, Result, Value};

/// Calls a function of torch by its full name.
///
/// # Errors
/// It does not exist, or fails.
pub fn function(interpreter: &Interpreter, full: &str, args: &Args) -> Result<Value> {
    if let Some(layer) = full.strip_prefix("torch.nn.")
        && let Some(value) = nn::construct(interpreter, layer, args)?
    {
        return Ok(value);
    }
    kindling_torch::function(interpreter, full, args)
}

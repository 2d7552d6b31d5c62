//! Changes in place: `add_` writes the result of `add` to the tensor.

use std::cell::RefCell;

use crate::call as call_by_name;
use crate::{Args, Error, Host, Result, Value};

/// Calls a function whose name ends in an underscore.
pub fn call(cx: &dyn Host, name: &str, args: &Args) -> Result<Option<Value>> {
    let Some(plain) = name.strip_suffix('_').filter(|plain| !plain.ends_with('_')) else { return Ok(None) };
    let Some(Value::Tensor(tensor)) = args.positional.first() else { return Ok(None) };
    match plain {
        "copy" => {
            let a = args.bind(name, &["input", "src", "non_blocking"])?;
            tensor.copy_(a.tensor("src")?)?;
        }
        "zero" => tensor.zero_()?,
        "fill" => {
            let a = args.bind(name, &["input", "value"])?;
            match a.need("value")? {
                Value::Tensor(value) => tensor.copy_(value)?,
                value => tensor.fill_(value.as_number()?)?,
            }
        }
        // Unsupported calls are distinguished from errors of the engine.
        _ => {
            let failure: RefCell<Option<Error>> = RefCell::default();
            let known = RefCell::new(true);
            let changed = tensor.update_(|current| {
                let mut args = args.clone();
                args.positional[0] = Value::Tensor(current.clone());
                match call_by_name(cx, plain, &args) {
                    Ok(Some(Value::Tensor(new))) => Ok(new),
                    Ok(_) => {
                        known.replace(false);
                        Err(kindling::Error::value("python", name))
                    }
                    Err(error) => {
                        failure.replace(Some(error.clone()));
                        Err(error.into())
                    }
                }
            });
            if !known.take() {
                return Ok(None);
            }
            match (changed, failure.take()) {
                (Err(_), Some(error)) => return Err(error),
                (changed, _) => changed?,
            }
        }
    }
    Ok(Some(Value::Tensor(tensor.clone())))
}

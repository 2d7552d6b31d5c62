//! Attributes: reading `object.name` and setting it.

use super::{Error, Interpreter, Result, Value, torch};

impl Interpreter {
    /// Evaluates `object.name`.
    ///
    /// # Errors
    /// There is no such attribute.
    pub fn attribute(&self, object: &Value, name: &str) -> Result<Value> {
        let method = || Value::Method(Box::new(object.clone()), name.into());
        let missing = || Error::new(format!("'{}' object has no attribute '{name}'", object.class()));
        match object {
            Value::Tensor(tensor) => Ok(torch::attribute(tensor, name)?.unwrap_or_else(method)),
            Value::Builtin(module) => {
                Ok(torch::constant(module, name).unwrap_or_else(|| Value::Builtin(format!("{module}.{name}").into())))
            }
            Value::Object(inner) => Ok(inner.get(name)?.unwrap_or_else(method)),
            Value::Instance(instance) => {
                if let Some(value) = instance.get(name) {
                    return Ok(value);
                }
                match instance.class.find(name) {
                    Some(Value::Function(f)) if !f.is_static => Ok(Value::Bound(f, Box::new(object.clone()))),
                    Some(value) => Ok(value),
                    None if name == "training" => Ok(Value::Bool(true)),
                    None if name == torch::module::MODULES => {
                        instance.set(name, super::eval::dict(Vec::new()));
                        instance.get(name).ok_or_else(missing)
                    }
                    None if instance.class.derives_from("torch.nn.Module") && torch::module::has(name) => Ok(method()),
                    None => Err(missing()),
                }
            }
            Value::Class(class) => match (class.find(name), name) {
                (Some(value), _) => Ok(value),
                (None, "__name__") => Ok(Value::Str(class.name.as_str().into())),
                (None, "apply") if class.derives_from("torch.autograd.Function") => Ok(method()),
                _ => Err(missing()),
            },
            Value::Named(fields) => {
                let field = fields.iter().find(|(n, _)| *n == name);
                field.map(|(_, value)| value.clone()).ok_or_else(missing)
            }
            Value::Function(f) if name == "__name__" => Ok(Value::Str(f.name.as_str().into())),
            _ => Ok(method()),
        }
    }

    /// Executes `object.name = value`.
    ///
    /// # Errors
    /// It cannot be set.
    pub fn set_attribute(&self, object: &Value, name: &str, value: Value) -> Result<()> {
        match object {
            Value::Instance(instance) => instance.set(name, value),
            Value::Class(class) => {
                class.attributes.borrow_mut().insert(name.to_owned(), value);
            }
            Value::Tensor(tensor) => torch::set_attribute(tensor, name, value)?,
            Value::Object(inner) => inner.set(name, value)?,
            other => return Err(Error::new(format!("cannot set '{name}' of a {}", other.class()))),
        }
        Ok(())
    }
}

//! Attributes: reading `object.name` and setting it.

use super::class::Method;
use super::{Defined, Error, Interpreter, Result, Value, dict, torch};

impl Interpreter {
    /// Evaluates `object.name`.
    ///
    /// # Errors
    /// There is no such attribute.
    pub fn attribute(&self, object: &Value, name: &str) -> Result<Value> {
        let method = || Value::Method(Box::new(object.clone()), name.into());
        let missing = || Error::new(format!("'{}' object has no attribute '{name}'", object.class()));
        if let Some(defined) = Defined::of(object) {
            return attribute_of_defined(object, &defined, name).ok_or_else(missing);
        }
        match object {
            Value::Tensor(tensor) => Ok(kindling_torch::attribute(tensor, name)?.unwrap_or_else(method)),
            Value::Builtin(module) => Ok(kindling_torch::constant(module, name)
                .unwrap_or_else(|| Value::Builtin(format!("{module}.{name}").into()))),
            Value::Object(inner) => Ok(inner.get(name)?.unwrap_or_else(method)),
            Value::Named(fields) => {
                let field = fields.iter().find(|(n, _)| *n == name);
                field.map(|(_, value)| value.clone()).ok_or_else(missing)
            }
            _ => Ok(method()),
        }
    }

    /// Executes `object.name = value`.
    ///
    /// # Errors
    /// It cannot be set.
    pub fn set_attribute(&self, object: &Value, name: &str, value: Value) -> Result<()> {
        match Defined::of(object) {
            Some(Defined::Instance(instance)) => {
                instance.set(name, value);
                return Ok(());
            }
            Some(Defined::Class(class)) => {
                class.attributes.borrow_mut().insert(name.to_owned(), value);
                return Ok(());
            }
            _ => {}
        }
        match object {
            Value::Tensor(tensor) => kindling_torch::set_attribute(tensor, name, value)?,
            Value::Object(inner) => inner.set(name, value)?,
            other => return Err(Error::new(format!("cannot set '{name}' of a {}", other.class()))),
        }
        Ok(())
    }
}

/// Returns an attribute of what the program defined, if it has one.
fn attribute_of_defined(object: &Value, defined: &Defined, name: &str) -> Option<Value> {
    let method = || Some(Value::Method(Box::new(object.clone()), name.into()));
    match defined {
        Defined::Instance(instance) => {
            if let Some(value) = instance.get(name) {
                return Some(value);
            }
            match instance.class.find(name) {
                Some(value) => match Defined::function(&value) {
                    Some(f) if !f.is_static => Some(Method::value(f, object)),
                    _ => Some(value),
                },
                None if name == "training" => Some(Value::Bool(true)),
                None if name == torch::module::MODULES => {
                    instance.set(name, dict(Vec::new()));
                    instance.get(name)
                }
                None if instance.class.derives_from("torch.nn.Module") && torch::module::has(name) => method(),
                None => None,
            }
        }
        Defined::Class(class) => match (class.find(name), name) {
            (Some(value), _) => Some(value),
            (None, "__name__") => Some(Value::Str(class.name.as_str().into())),
            (None, "apply") if class.derives_from("torch.autograd.Function") => method(),
            _ => None,
        },
        Defined::Function(f) if name == "__name__" => Some(Value::Str(f.name.as_str().into())),
        Defined::Function(_) | Defined::Method(_) => method(),
    }
}

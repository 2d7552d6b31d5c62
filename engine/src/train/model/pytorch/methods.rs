//! Methods of lists, dicts, strings and modules.

use super::super::TextError;
use super::eval::Arguments;
use super::fault;
use super::interpreter::{Interpreter, MAX_LIST};
use super::value::{Content, Module, Value, set};
use std::rc::Rc;

/// Returns `true` for supported methods of `nn.Module`.
pub fn is_module_method(name: &str) -> bool {
    is_idle(name)
        || matches!(
            name,
            "append"
                | "extend"
                | "insert"
                | "add_module"
                | "register_module"
                | "register_parameter"
                | "register_buffer"
                | "modules"
                | "children"
                | "named_children"
                | "named_modules"
                | "get_submodule"
                | "parameters"
                | "named_parameters"
                | "items"
                | "values"
                | "keys"
                | "forward"
        )
}

/// Returns `true` for methods of a module without effect on its layers.
pub fn is_idle(name: &str) -> bool {
    matches!(
        name,
        "to" | "cuda"
            | "cpu"
            | "eval"
            | "train"
            | "float"
            | "half"
            | "double"
            | "apply"
            | "requires_grad_"
            | "compile"
            | "zero_grad"
            | "load_state_dict"
            | "__init__"
            | "double_"
    )
}

impl Interpreter {
    /// Calls a method of a Python or PyTorch value.
    ///
    /// # Errors
    /// The method is unknown, or its arguments are unsupported.
    pub fn method(
        &mut self,
        object: &Value,
        name: &str,
        arguments: Arguments,
        line: usize,
    ) -> Result<Value, TextError> {
        let unknown = || fault(line, format!("{} of {} cannot be read", name, object.describe()));
        match object {
            Value::Tensor(tensor) => self.tensor_method(*tensor, name, arguments, line),
            Value::Module(module) => self.module_method(module, name, arguments, line),
            // The methods of `nn.Module` itself have no effect here.
            Value::Super(..) => Ok(Value::None),
            Value::List(list) => {
                let first = arguments.positional.first().cloned();
                match (name, first) {
                    ("append", Some(value)) if list.borrow().len() < MAX_LIST => list.borrow_mut().push(value),
                    ("extend", Some(value)) => {
                        let more = self.items(&value, line)?;
                        if list.borrow().len() + more.len() > MAX_LIST {
                            return Err(fault(line, format!("a list has more than {MAX_LIST} elements")));
                        }
                        list.borrow_mut().extend(more);
                    }
                    ("insert", Some(Value::Int(at))) => {
                        let value = arguments.positional.get(1).cloned().ok_or_else(unknown)?;
                        let mut list = list.borrow_mut();
                        let at = usize::try_from(at).unwrap_or_default().min(list.len());
                        list.insert(at, value);
                    }
                    ("pop", None) => return list.borrow_mut().pop().ok_or_else(|| fault(line, "the list is empty")),
                    ("copy", None) => return Ok(Value::list(list.borrow().clone())),
                    _ => return Err(unknown()),
                }
                Ok(Value::None)
            }
            Value::Dict(pairs) => {
                let pairs = pairs.borrow().clone();
                match name {
                    "items" => Ok(Value::list(pairs.into_iter().map(|(k, v)| Value::tuple(vec![k, v])).collect())),
                    "keys" => Ok(Value::list(pairs.into_iter().map(|(k, _)| k).collect())),
                    "values" => Ok(Value::list(pairs.into_iter().map(|(_, v)| v).collect())),
                    "get" => {
                        let key = arguments.positional.first().cloned().ok_or_else(unknown)?;
                        let mut found = arguments.positional.get(1).cloned().unwrap_or(Value::None);
                        for (known, value) in pairs {
                            if self.comparison("==", &known, &key, line)? {
                                found = value;
                            }
                        }
                        Ok(found)
                    }
                    _ => Err(unknown()),
                }
            }
            Value::Text(text) => match name {
                "lower" => Ok(Value::text(text.to_lowercase())),
                "upper" => Ok(Value::text(text.to_uppercase())),
                "format" => {
                    let mut out = text.to_string();
                    for value in &arguments.positional {
                        let shown = match value {
                            Value::Int(value) => value.to_string(),
                            Value::Text(text) => text.to_string(),
                            other => other.describe(),
                        };
                        out = out.replacen("{}", &shown, 1);
                    }
                    Ok(Value::text(out))
                }
                _ => Err(unknown()),
            },
            Value::Array(..) => Ok(object.clone()),
            Value::Sizes(_) if name == "numel" => Ok(Value::Size),
            _ => Err(unknown()),
        }
    }

    fn module_method(
        &mut self,
        module: &Rc<Module>,
        name: &str,
        arguments: Arguments,
        line: usize,
    ) -> Result<Value, TextError> {
        let list = |modules: Vec<Rc<Module>>| Value::list(modules.into_iter().map(Value::Module).collect());
        let pairs = |found: Vec<(String, Rc<Module>)>| {
            let pair =
                |(name, module): (String, Rc<Module>)| Value::tuple(vec![Value::text(name), Value::Module(module)]);
            Value::list(found.into_iter().map(pair).collect())
        };
        match (name, &module.content) {
            ("forward", _) => self.forward(module, arguments, line),
            (name, _) if is_idle(name) => Ok(Value::Module(module.clone())),
            ("append" | "extend" | "insert", Content::Container(_, own)) => {
                let new = match (name, arguments.positional.as_slice()) {
                    ("append", [value]) => vec![value.clone()],
                    ("extend", [value]) => self.items(value, line)?,
                    _ => return Err(fault(line, format!("{name} of a container cannot be read"))),
                };
                for value in new {
                    let Value::Module(inner) = &value else {
                        return Err(fault(line, format!("{} is no layer", value.describe())));
                    };
                    self.contained.insert(inner.id);
                    let number = own.borrow().len();
                    if number >= MAX_LIST {
                        return Err(fault(line, format!("a container has more than {MAX_LIST} layers")));
                    }
                    own.borrow_mut().push((number.to_string(), value));
                }
                Ok(Value::Module(module.clone()))
            }
            ("add_module" | "register_module" | "register_parameter" | "register_buffer", _) => {
                let (Some(Value::Text(name)), Some(value)) = (arguments.get(0, "name"), arguments.positional.get(1))
                else {
                    return Err(fault(line, format!("{name} needs a name and a value")));
                };
                self.set_attribute(&Value::Module(module.clone()), name, value.clone(), line)?;
                Ok(Value::None)
            }
            ("get_submodule", _) => {
                let Some(Value::Text(path)) = arguments.get(0, "target") else {
                    return Err(fault(line, "get_submodule needs a name"));
                };
                let mut found = module.clone();
                for part in path.split('.').filter(|part| !part.is_empty()) {
                    let child = found.children().into_iter().find(|(name, _)| name == part);
                    found = child
                        .map(|(_, child)| child)
                        .ok_or_else(|| fault(line, format!("there is no layer {path}")))?;
                }
                Ok(Value::Module(found))
            }
            ("children" | "values", _) => Ok(list(module.children().into_iter().map(|(_, child)| child).collect())),
            ("named_children" | "items", _) => Ok(pairs(module.children())),
            ("keys", _) => Ok(Value::list(module.children().into_iter().map(|(name, _)| Value::text(name)).collect())),
            ("modules" | "named_modules", _) => {
                let mut found = vec![(String::new(), module.clone())];
                let mut at = 0;
                while at < found.len() && found.len() < MAX_LIST {
                    let (prefix, inner) = found[at].clone();
                    let dot = if prefix.is_empty() { "" } else { "." };
                    found.extend(inner.children().into_iter().map(|(name, m)| (format!("{prefix}{dot}{name}"), m)));
                    at += 1;
                }
                let modules = |found: Vec<(String, Rc<Module>)>| list(found.into_iter().map(|(_, m)| m).collect());
                Ok(if name == "modules" { modules(found) } else { pairs(found) })
            }
            ("parameters" | "named_parameters", _) => Ok(Value::list(Vec::new())),
            _ => Err(fault(line, format!("{name} of {} cannot be read", Value::Module(module.clone()).describe()))),
        }
    }

    /// Calls a method of a container with named modules.
    pub fn container(
        &mut self,
        kind: &'static str,
        modules: Vec<(String, Value)>,
        line: usize,
    ) -> Result<Value, TextError> {
        let list = std::cell::RefCell::new(Vec::new());
        for (name, value) in modules {
            match &value {
                Value::Module(inner) => self.contained.insert(inner.id),
                other => {
                    return Err(fault(line, format!("nn.{kind} is given {}, which is no layer", other.describe())));
                }
            };
            set(&list, &name, value);
        }
        Ok(Value::Module(self.module(Content::Container(kind, list), line)))
    }
}

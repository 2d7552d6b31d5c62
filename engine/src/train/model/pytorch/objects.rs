//! Attributes and elements of values.

use std::rc::Rc;

use super::super::TextError;
use super::ast::{Expr, Node};
use super::fault;
use super::interpreter::Interpreter;
use super::value::{Closure, Content, Module, Value, Variables, find, set};

impl Interpreter {
    /// Returns `object.name`.
    ///
    /// # Errors
    /// The object has no such attribute.
    pub fn attribute(&mut self, object: &Value, name: &str, line: usize) -> Result<Value, TextError> {
        match object {
            Value::Path(path) => Ok(match (&**path, name) {
                ("math" | "numpy", "pi") => Value::Float(std::f64::consts::PI),
                ("math" | "numpy", "inf") => Value::Float(f64::INFINITY),
                _ => Value::Path(format!("{path}.{name}").into()),
            }),
            Value::Module(module) => self.module_attribute(module, name, line),
            Value::Super(module, class) => Ok(match class.find_above(name) {
                Some((Value::Function(closure), owner)) => {
                    Value::Method(module.clone(), Closure { class: Some(owner), ..closure })
                }
                Some((value, _)) => value,
                None => Value::Builtin(Box::new(object.clone()), name.into()),
            }),
            Value::Class(class) => match class.find(name) {
                Some((Value::Function(closure), owner)) => {
                    Ok(Value::Function(Closure { class: Some(owner), ..closure }))
                }
                Some((value, _)) => Ok(value),
                None if name == "__name__" => Ok(Value::text(class.name.as_str())),
                // `nn.Module.__init__(self)` by way of the text's own class.
                None => Ok(Value::Path(format!("torch.nn.Module.{name}").into())),
            },
            Value::Tensor(_) if matches!(name, "shape") => Ok(Value::Sizes(0)),
            Value::Opaque(_) => Ok(object.clone()),
            Value::None => Err(fault(line, format!("None has no {name}"))),
            Value::Array(shape, _) if name == "shape" => {
                Ok(Value::tuple(shape.iter().map(|size| Value::Int(*size)).collect()))
            }
            Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Batch | Value::Size => {
                Err(fault(line, format!("{} has no {name}", object.describe())))
            }
            other => Ok(Value::Builtin(Box::new(other.clone()), name.into())),
        }
    }

    fn module_attribute(&mut self, module: &Rc<Module>, name: &str, line: usize) -> Result<Value, TextError> {
        let found = match &module.content {
            Content::Object(class, attributes) => find(attributes, name).or_else(|| {
                class.find(name).map(|(value, owner)| match value {
                    Value::Function(closure) if closure.function.is_static => Value::Function(closure),
                    Value::Function(closure) => {
                        Value::Method(module.clone(), Closure { class: Some(owner), ..closure })
                    }
                    value => value,
                })
            }),
            Content::Container(_, list) => find(list, name),
            Content::Layer(kind) => kind.arguments().get(name).map(Value::from_json),
        };
        if let Some(value) = found {
            return Ok(value);
        }
        match (name, &module.content) {
            ("training", _) => Ok(Value::Opaque("self.training".into())),
            ("weight" | "bias" | "data" | "device", Content::Layer(_)) => Ok(Value::Opaque(name.into())),
            ("out_features" | "in_features" | "stride" | "padding", Content::Layer(kind)) => {
                Err(fault(line, format!("{} has no {name}", kind.name())))
            }
            (_, Content::Object(class, _)) if !super::methods::is_module_method(name) => {
                Err(fault(line, format!("an object of {} has no {name}", class.name)))
            }
            _ => Ok(Value::Builtin(Box::new(Value::Module(module.clone())), name.into())),
        }
    }

    /// Sets `object.name = value`.
    ///
    /// # Errors
    /// The object has no attributes.
    pub fn set_attribute(&mut self, object: &Value, name: &str, value: Value, line: usize) -> Result<(), TextError> {
        match object {
            Value::Module(module) => match &module.content {
                Content::Object(_, attributes) => {
                    if let Value::Module(inner) = &value {
                        self.contained.insert(inner.id);
                    }
                    if let Value::Array(_, true) = value
                        && !matches!(name, "cls_token" | "pos_embed")
                    {
                        let why =
                            "parameters of a model's own can be read under the names cls_token and pos_embed only";
                        return Err(fault(line, format!("the parameter {name}: {why}")));
                    }
                    set(attributes, name, value);
                    Ok(())
                }
                Content::Container(_, list) => {
                    set(list, name, value);
                    Ok(())
                }
                Content::Layer(kind) => Err(fault(line, format!("{} of a layer {} is set", name, kind.name()))),
            },
            Value::Opaque(_) => Ok(()),
            other => Err(fault(line, format!("{} has no attributes that can be set", other.describe()))),
        }
    }

    /// Returns `object[index]`.
    ///
    /// # Errors
    /// There is no such element.
    pub fn index(&mut self, object: &Node, index: &Node, variables: &Rc<Variables>) -> Result<Value, TextError> {
        let line = index.line;
        let object = self.eval(object, variables)?;
        if let Value::Tensor(tensor) = object {
            return self.select(tensor, index, variables);
        }
        if let Expr::Slice(parts) = &index.expr {
            return self.slice(&object, parts, variables, line);
        }
        let key = self.eval(index, variables)?;
        match (&object, &key) {
            (Value::Sizes(from), Value::Int(i)) => Ok(if *from == 0 && *i == 0 { Value::Batch } else { Value::Size }),
            (Value::Dict(pairs), key) => {
                let found = pairs
                    .borrow()
                    .iter()
                    .find(|(known, _)| self.comparison("==", known, key, line).unwrap_or(false))
                    .map(|(_, v)| v.clone());
                found.ok_or_else(|| fault(line, format!("the dict has no {}", key.describe())))
            }
            (Value::Module(module), Value::Text(name)) => {
                let child = module.children().into_iter().find(|(known, _)| **known == **name);
                child
                    .map(|(_, child)| Value::Module(child))
                    .ok_or_else(|| fault(line, format!("there is no layer '{name}'")))
            }
            (Value::Opaque(_), _) => Ok(object),
            (_, Value::Int(i)) => {
                let items = self.items(&object, line)?;
                let at = if *i < 0 { *i + items.len() as i64 } else { *i };
                let item = usize::try_from(at).ok().and_then(|at| items.get(at).cloned());
                item.ok_or_else(|| fault(line, format!("{i} is no index of {} elements", items.len())))
            }
            // Types, as in `list[int]`.
            (Value::Path(_), _) => Ok(object),
            (_, key) => Err(fault(line, format!("{} is no index", key.describe()))),
        }
    }

    fn slice(
        &mut self,
        object: &Value,
        parts: &[Option<Box<Node>>; 3],
        variables: &Rc<Variables>,
        line: usize,
    ) -> Result<Value, TextError> {
        let mut bounds = [None; 3];
        for (bound, part) in bounds.iter_mut().zip(parts) {
            let Some(part) = part else { continue };
            match self.eval(part, variables)? {
                Value::Int(value) => *bound = Some(value),
                Value::None => {}
                other => return Err(fault(line, format!("{} is no bound of a slice", other.describe()))),
            }
        }
        if let (Value::Sizes(from), [Some(start), None, None]) = (object, bounds) {
            return Ok(Value::Sizes(from + usize::try_from(start).unwrap_or(1)));
        }
        let step = bounds[2].unwrap_or(1);
        let items = self.items(object, line)?;
        let n = items.len() as i64;
        let at =
            |bound: Option<i64>, default: i64| bound.map_or(default, |b| if b < 0 { (b + n).max(0) } else { b.min(n) });
        let chosen: Vec<usize> = match step {
            1.. => (at(bounds[0], 0)..at(bounds[1], n)).step_by(step as usize).map(|i| i as usize).collect(),
            -1 if bounds[0].is_none() && bounds[1].is_none() => (0..items.len()).rev().collect(),
            _ => return Err(fault(line, "a slice that runs backward can be read as [::-1] only")),
        };
        let values: Vec<Value> = chosen.into_iter().map(|i| items[i].clone()).collect();
        match object {
            Value::Tuple(_) => Ok(Value::tuple(values)),
            // Part of a container; its layers keep their names.
            Value::Module(module) => {
                let children = module.children();
                let kind = match &module.content {
                    Content::Container(kind, _) => *kind,
                    _ => return Err(fault(line, format!("{} has no parts", object.describe()))),
                };
                let named = children.into_iter().filter(|(_, child)| {
                    values.iter().any(|value| matches!(value, Value::Module(module) if module.id == child.id))
                });
                let list = named.map(|(name, child)| (name, Value::Module(child))).collect();
                Ok(Value::Module(self.module(Content::Container(kind, std::cell::RefCell::new(list)), line)))
            }
            _ => Ok(Value::list(values)),
        }
    }

    /// Sets `object[key] = value`.
    ///
    /// # Errors
    /// The elements of the object cannot be set.
    pub fn set_item(&mut self, object: &Value, key: Value, value: Value, line: usize) -> Result<(), TextError> {
        match (object, &key) {
            (Value::Dict(pairs), _) => {
                let at = pairs
                    .borrow()
                    .iter()
                    .position(|(known, _)| self.comparison("==", known, &key, line).unwrap_or(false));
                match at {
                    Some(at) => pairs.borrow_mut()[at].1 = value,
                    None => pairs.borrow_mut().push((key, value)),
                }
                Ok(())
            }
            (Value::List(list), Value::Int(i)) => {
                let mut list = list.borrow_mut();
                let n = list.len();
                let at = usize::try_from(if *i < 0 { *i + n as i64 } else { *i }).ok().filter(|at| *at < n);
                let at = at.ok_or_else(|| fault(line, format!("{i} is no index of {n} elements")))?;
                list[at] = value;
                Ok(())
            }
            (Value::Module(module), Value::Text(name)) if matches!(module.content, Content::Container(..)) => {
                self.set_attribute(object, name, value, line)
            }
            _ => Err(fault(line, format!("elements of {} cannot be set", object.describe()))),
        }
    }
}

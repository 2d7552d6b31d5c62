//! Calls by path: PyTorch's layers and functions, and Python's own functions.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::TextError;
use super::super::arguments;
use super::eval::Arguments;
use super::fault;
use super::interpreter::{Interpreter, MAX_LIST};
use super::operators::number;
use super::value::{Content, Value};

impl Interpreter {
    /// Calls a function or class of a library.
    ///
    /// # Errors
    /// The function is unknown, or its arguments are unsupported.
    pub fn library(&mut self, path: &str, given: Arguments, line: usize) -> Result<Value, TextError> {
        let last = path.rsplit('.').next().unwrap_or_default();
        let above = path.strip_suffix(last).unwrap_or_default();
        match above {
            "builtins." => self.python(last, given, line),
            "math." | "numpy." => self.math(last, &given, line),
            "collections." if last == "OrderedDict" => self.dict(&given, line),
            "torch.nn.functional." | "torch." | "torch.nn.init." if given.has_tensor() || is_join(last) => {
                self.tensor_function(last, given, line)
            }
            "torch.nn.init." | "torch.nn.Module." => Ok(Value::None),
            "torch.nn.utils." | "torch.nn.utils.parametrizations." => match given.positional.first() {
                Some(Value::Module(_)) => Err(fault(line, format!("{last} of a layer cannot be read"))),
                _ => Ok(Value::Opaque(path.into())),
            },
            "torch.nn." => self.layer(last, given, line),
            "torch." if matches!(last, "randn" | "zeros" | "ones" | "empty" | "rand" | "full") => {
                self.array(&given, line)
            }
            "torch.cuda." | "torch.backends.mps." if last == "is_available" => Ok(Value::Bool(false)),
            _ if given.has_tensor() => Err(fault(line, format!("{path} cannot be read"))),
            // A compiled or moved model is the same model.
            _ => match given.positional.into_iter().next() {
                Some(module @ Value::Module(_)) if matches!(last, "compile" | "DataParallel" | "script") => Ok(module),
                _ => Ok(Value::Opaque(path.into())),
            },
        }
    }

    /// Creates a layer or container of `torch.nn`.
    fn layer(&mut self, name: &str, given: Arguments, line: usize) -> Result<Value, TextError> {
        match name {
            "Sequential" => {
                let named = match given.positional.as_slice() {
                    [Value::Dict(pairs)] => pairs.borrow().iter().map(key).collect::<Option<Vec<_>>>(),
                    list => Some(numbered(list)),
                };
                let named = named.ok_or_else(|| fault(line, "a layer's name is no text"))?;
                self.container("Sequential", named, line)
            }
            "ModuleList" => {
                let list = match given.positional.first() {
                    Some(list) => self.items(list, line)?,
                    None => Vec::new(),
                };
                self.container("ModuleList", numbered(&list), line)
            }
            "ModuleDict" => {
                let named = match given.positional.first() {
                    Some(Value::Dict(pairs)) => pairs.borrow().iter().map(key).collect::<Option<Vec<_>>>(),
                    _ => Some(Vec::new()),
                };
                let named = named.ok_or_else(|| fault(line, "a layer's name is no text"))?;
                self.container("ModuleDict", named, line)
            }
            "Parameter" => match given.positional.first() {
                Some(Value::Array(shape, _)) => Ok(Value::Array(shape.clone(), true)),
                _ => Err(fault(line, "a parameter's shape cannot be read")),
            },
            "Module" => Err(fault(line, "nn.Module alone is no layer")),
            "DataParallel" => match given.positional.into_iter().next() {
                Some(module @ Value::Module(_)) => Ok(module),
                _ => Err(fault(line, "DataParallel needs a model")),
            },
            name if name.ends_with("Loss") => Ok(Value::Opaque(format!("nn.{name}").into())),
            name => {
                let json = |value: &Value| value.json().map_err(|why| fault(line, format!("{name}: {why}")));
                let positional = given.positional.iter().map(json).collect::<Result<Vec<_>, _>>()?;
                let named: Vec<_> =
                    given.named.iter().map(|(key, value)| Ok((key.clone(), json(value)?))).collect::<Result<_, _>>()?;
                let is_attention = matches!(name, "MultiheadAttention" | "TransformerEncoderLayer");
                if is_attention && !named.iter().any(|(key, _)| key == "batch_first") {
                    let why = "needs batch_first=True: sequences are (batch, length, features)";
                    return Err(fault(line, format!("{name} {why}")));
                }
                let is_in_place = arguments::is_in_place(name, &positional, &named);
                let kind = arguments::layer(name, positional, named).map_err(|why| fault(line, why))?;
                let module = self.module(Content::Layer(kind), line);
                if is_in_place {
                    self.in_place.insert(module.id);
                }
                Ok(Value::Module(module))
            }
        }
    }

    /// Creates a tensor of a shape: `torch.zeros(…)` and the like.
    fn array(&mut self, given: &Arguments, line: usize) -> Result<Value, TextError> {
        let sizes = match given.positional.as_slice() {
            [list @ (Value::Tuple(_) | Value::List(_)), ..] => self.items(list, line)?,
            sizes => sizes.to_vec(),
        };
        let whole = |size: &Value| match size {
            Value::Int(size) if *size >= 0 => Ok(*size),
            other => Err(fault(line, format!("{} is no size", other.describe()))),
        };
        Ok(Value::Array(Rc::new(sizes.iter().map(whole).collect::<Result<_, _>>()?), false))
    }

    fn dict(&mut self, given: &Arguments, line: usize) -> Result<Value, TextError> {
        let mut pairs = Vec::new();
        match given.positional.first() {
            None => {}
            Some(Value::Dict(list)) => pairs = list.borrow().clone(),
            Some(list) => {
                for pair in self.items(list, line)? {
                    match self.items(&pair, line)?.as_slice() {
                        [key, value] => pairs.push((key.clone(), value.clone())),
                        _ => return Err(fault(line, "a dict is made of pairs")),
                    }
                }
            }
        }
        pairs.extend(given.named.iter().map(|(key, value)| (Value::text(key.as_str()), value.clone())));
        Ok(Value::Dict(Rc::new(RefCell::new(pairs))))
    }

    fn math(&mut self, name: &str, given: &Arguments, line: usize) -> Result<Value, TextError> {
        let unknown = || fault(line, format!("{name} of these values cannot be read"));
        let first = given.positional.first().ok_or_else(unknown)?;
        if matches!(name, "prod" | "sum") {
            let mut made = Value::Int(i64::from(name == "prod"));
            for item in self.items(first, line)? {
                made = self.binary(if name == "prod" { "*" } else { "+" }, made, item, line)?;
            }
            return Ok(made);
        }
        if !matches!(first, Value::Int(_) | Value::Float(_)) {
            return Err(unknown());
        }
        let x = number(first);
        Ok(match name {
            "floor" => Value::Int(x.floor() as i64),
            "ceil" => Value::Int(x.ceil() as i64),
            "sqrt" => Value::Float(x.sqrt()),
            "log" => Value::Float(libm::log(x)),
            "log2" => Value::Float(libm::log2(x)),
            _ => return Err(unknown()),
        })
    }

    /// Calls a function of Python.
    fn python(&mut self, name: &str, given: Arguments, line: usize) -> Result<Value, TextError> {
        let unknown = || fault(line, format!("{name} of these values cannot be read"));
        let first = given.positional.first().cloned();
        let list = |this: &mut Self| this.items(given.positional.first().unwrap_or(&Value::Tuple(Rc::default())), line);
        match (name, first) {
            ("range", Some(_)) => range(&given.positional).map_err(|why| fault(line, why)),
            ("len", Some(Value::Tensor(_))) => Ok(Value::Batch),
            ("len", Some(_)) => Ok(Value::Int(list(self)?.len() as i64)),
            ("int", Some(Value::Int(value))) => Ok(Value::Int(value)),
            ("int", Some(Value::Float(value))) => Ok(Value::Int(value as i64)),
            ("int", Some(Value::Bool(value))) => Ok(Value::Int(i64::from(value))),
            ("int", Some(Value::Size)) => Ok(Value::Size),
            ("float", Some(value @ (Value::Int(_) | Value::Float(_)))) => Ok(Value::Float(number(&value))),
            ("str", Some(Value::Int(value))) => Ok(Value::text(value.to_string())),
            ("str", Some(value @ Value::Text(_))) => Ok(value),
            ("bool", Some(value)) => Ok(Value::Bool(self.truth(&value, line)?)),
            ("list" | "sorted", _) => Ok(Value::list(list(self)?)),
            ("tuple", _) => Ok(Value::tuple(list(self)?)),
            ("reversed", Some(_)) => Ok(Value::list(list(self)?.into_iter().rev().collect())),
            ("dict", _) => self.dict(&given, line),
            ("enumerate", Some(_)) => {
                let start = match given.get(1, "start") {
                    Some(Value::Int(start)) => *start,
                    _ => 0,
                };
                let pairs = (start..).zip(list(self)?).map(|(i, value)| Value::tuple(vec![Value::Int(i), value]));
                Ok(Value::list(pairs.collect()))
            }
            ("zip", _) => {
                let lists =
                    given.positional.iter().map(|list| self.items(list, line)).collect::<Result<Vec<_>, _>>()?;
                let n = lists.iter().map(Vec::len).min().unwrap_or_default();
                let row = |i: usize| Value::tuple(lists.iter().map(|list| list[i].clone()).collect());
                Ok(Value::list((0..n).map(row).collect()))
            }
            ("sum", Some(list)) => self.math("sum", &Arguments::of(vec![list]), line),
            ("max" | "min", Some(first)) => {
                let values = if given.positional.len() == 1 { self.items(&first, line)? } else { given.positional };
                let mut best: Option<Value> = None;
                for value in values {
                    let better = match &best {
                        Some(best) => self.comparison(if name == "max" { ">" } else { "<" }, &value, best, line)?,
                        None => true,
                    };
                    best = if better { Some(value) } else { best };
                }
                best.ok_or_else(unknown)
            }
            ("abs", Some(Value::Int(value))) => Ok(Value::Int(value.saturating_abs())),
            ("abs", Some(Value::Float(value))) => Ok(Value::Float(value.abs())),
            ("round", Some(value @ (Value::Int(_) | Value::Float(_)))) => {
                Ok(Value::Int(number(&value).round_ties_even() as i64))
            }
            ("any" | "all", Some(_)) => {
                for value in list(self)? {
                    if self.truth(&value, line)? == (name == "any") {
                        return Ok(Value::Bool(name == "any"));
                    }
                }
                Ok(Value::Bool(name == "all"))
            }
            ("isinstance", Some(value)) => {
                let class = given.positional.get(1).ok_or_else(unknown)?;
                Ok(Value::Bool(is_instance(&value, class)))
            }
            ("callable", Some(value)) => {
                Ok(Value::Bool(matches!(value, Value::Function(_) | Value::Class(_) | Value::Module(_))))
            }
            ("hasattr", Some(object)) => {
                let Some(Value::Text(name)) = given.positional.get(1) else { return Err(unknown()) };
                let found = self.attribute(&object, name, line);
                Ok(Value::Bool(found.is_ok_and(|value| !matches!(value, Value::Builtin(..)))))
            }
            ("getattr", Some(object)) => {
                let Some(Value::Text(name)) = given.positional.get(1) else { return Err(unknown()) };
                match (self.attribute(&object, name, line), given.positional.get(2)) {
                    (Err(_), Some(default)) => Ok(default.clone()),
                    (found, _) => found,
                }
            }
            ("setattr", Some(object)) => match given.positional.as_slice() {
                [_, Value::Text(name), value] => {
                    self.set_attribute(&object, name, value.clone(), line)?;
                    Ok(Value::None)
                }
                _ => Err(unknown()),
            },
            ("type", Some(Value::Module(module))) => Ok(match &module.content {
                Content::Object(class, _) => Value::Class(class.clone()),
                Content::Layer(kind) => Value::Path(format!("torch.nn.{}", kind.name()).into()),
                Content::Container(kind, _) => Value::Path(format!("torch.nn.{kind}").into()),
            }),
            ("print", _) => Ok(Value::None),
            (name, _) if name.ends_with("Error") => Ok(Value::Opaque(name.into())),
            _ => Err(unknown()),
        }
    }
}

/// Returns `true` for functions of a list of tensors.
fn is_join(name: &str) -> bool {
    matches!(name, "cat" | "concat" | "concatenate" | "stack")
}

/// Returns a key that is a string, and its value.
fn key((key, value): &(Value, Value)) -> Option<(String, Value)> {
    match key {
        Value::Text(key) => Some((key.to_string(), value.clone())),
        _ => None,
    }
}

fn numbered(list: &[Value]) -> Vec<(String, Value)> {
    list.iter().enumerate().map(|(i, value)| (i.to_string(), value.clone())).collect()
}

fn range(bounds: &[Value]) -> Result<Value, String> {
    let whole = |value: &Value| match value {
        Value::Int(value) => Ok(*value),
        other => Err(format!("{} is no bound of a range", other.describe())),
    };
    let (start, stop, step) = match bounds {
        [stop] => (0, whole(stop)?, 1),
        [start, stop] => (whole(start)?, whole(stop)?, 1),
        [start, stop, step] => (whole(start)?, whole(stop)?, whole(step)?),
        _ => return Err("range takes one to three numbers".into()),
    };
    if step == 0 {
        return Err("a range's step is 0".into());
    }
    let (mut values, mut at) = (Vec::new(), start);
    while if step > 0 { at < stop } else { at > stop } {
        if values.len() == MAX_LIST {
            return Err(format!("a range has more than {MAX_LIST} numbers"));
        }
        values.push(Value::Int(at));
        at = at.saturating_add(step);
    }
    Ok(Value::list(values))
}

fn is_instance(value: &Value, class: &Value) -> bool {
    match (value, class) {
        (value, Value::Tuple(classes)) => classes.iter().any(|class| is_instance(value, class)),
        (Value::Module(module), Value::Path(path)) => {
            let last = path.rsplit('.').next().unwrap_or_default();
            match &module.content {
                _ if last == "Module" => true,
                Content::Layer(kind) => kind.name() == last,
                Content::Container(kind, _) => *kind == last,
                Content::Object(own, _) => own.extends(class),
            }
        }
        (Value::Module(module), class) => match &module.content {
            Content::Object(own, _) => own.extends(class),
            _ => false,
        },
        (value, Value::Path(path)) => matches!(
            (value, &**path),
            (Value::Int(_), "builtins.int")
                | (Value::Float(_), "builtins.float")
                | (Value::Text(_), "builtins.str")
                | (Value::Bool(_), "builtins.bool" | "builtins.int")
                | (Value::List(_), "builtins.list")
                | (Value::Tuple(_), "builtins.tuple")
                | (Value::Dict(_), "builtins.dict")
        ),
        _ => false,
    }
}

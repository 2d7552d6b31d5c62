//! Builtin functions of Python, and methods of lists, dicts and strings.

use std::rc::Rc;

use super::class::Class;
use super::{Args, Defined, Error, Interpreter, Result, Value, item, operators, torch};

const NAMES: &[&str] = &[
    "range",
    "len",
    "sum",
    "list",
    "tuple",
    "dict",
    "zip",
    "enumerate",
    "reversed",
    "int",
    "float",
    "bool",
    "str",
    "min",
    "max",
    "abs",
    "round",
    "super",
    "isinstance",
    "hasattr",
    "getattr",
    "setattr",
    "print",
    "staticmethod",
    "any",
    "all",
    "map",
    "sorted",
    "object",
    "pow",
    "divmod",
    "callable",
    "id",
    "type",
];

/// Returns a builtin by its name.
pub fn find(name: &str) -> Option<Value> {
    NAMES.contains(&name).then(|| Value::Builtin(name.into()))
}

/// Calls a builtin of Python or of torch.
///
/// # Errors
/// It does not exist, or fails.
pub fn call(interpreter: &Interpreter, name: &str, args: Args) -> Result<Value> {
    if name.starts_with("torch.") {
        return torch::function(interpreter, name, &args);
    }
    if let Some(function) = name.strip_prefix("math.") {
        return math(function, &args);
    }
    let one = || args.positional.first().ok_or_else(|| Error::new(format!("{name}() needs an argument")));
    Ok(match name {
        "range" => {
            let ints: Vec<i64> = args.positional.iter().map(Value::as_int).collect::<Result<_>>()?;
            match ints.as_slice() {
                [stop] => Value::Range(0, *stop, 1),
                [start, stop] => Value::Range(*start, *stop, 1),
                [start, stop, step] if *step != 0 => Value::Range(*start, *stop, *step),
                _ => return Err(Error::new("range() takes one to three ints")),
            }
        }
        "len" => match one()? {
            Value::Str(s) => Value::Int(s.chars().count() as i64),
            Value::Dict(dict) => Value::Int(dict.borrow().len() as i64),
            Value::Tensor(t) => Value::Int(t.size(0)? as i64),
            other => Value::Int(other.items()?.len() as i64),
        },
        "sum" => {
            let start = args.positional.get(1).cloned().unwrap_or(Value::Int(0));
            let add = |a: Value, b: &Value| operators::binary(interpreter, ruff_python_ast::Operator::Add, &a, b);
            one()?.items()?.iter().try_fold(start, add)?
        }
        "list" => Value::list(args.positional.first().map_or(Ok(Vec::new()), Value::items)?),
        "tuple" => Value::tuple(args.positional.first().map_or(Ok(Vec::new()), Value::items)?),
        "dict" => {
            let mut pairs = match args.positional.first() {
                Some(Value::Dict(dict)) => dict.borrow().clone(),
                Some(other) => other.items()?.iter().map(pair).collect::<Result<_>>()?,
                None => Vec::new(),
            };
            pairs.extend(args.named.iter().map(|(k, v)| (Value::Str(k.as_str().into()), v.clone())));
            super::dict(pairs)
        }
        "zip" => {
            let all: Vec<Vec<Value>> = args.positional.iter().map(Value::items).collect::<Result<_>>()?;
            let shortest = all.iter().map(Vec::len).min().unwrap_or(0);
            Value::list((0..shortest).map(|i| Value::tuple(all.iter().map(|v| v[i].clone()))).collect())
        }
        "enumerate" => {
            let a = args.bind(name, &["iterable", "start"])?;
            let start = a.int_or("start", 0)? as i64;
            let items = a.need("iterable")?.items()?.into_iter().zip(start..);
            Value::list(items.map(|(v, i)| Value::tuple([Value::Int(i), v])).collect())
        }
        "reversed" => Value::list(one()?.items()?.into_iter().rev().collect()),
        "int" => match one()? {
            Value::Str(s) => Value::Int(s.trim().parse().map_err(|_| Error::new(format!("int('{s}')")))?),
            other => Value::Int(other.as_number()?.trunc() as i64),
        },
        "float" => match one()? {
            Value::Str(s) => Value::Float(s.trim().parse().map_err(|_| Error::new(format!("float('{s}')")))?),
            other => Value::Float(other.as_number()?),
        },
        "bool" => Value::Bool(one()?.truth()?),
        "str" => Value::Str(if let Value::Str(s) = one()? { s.clone() } else { format!("{:?}", one()?).into() }),
        "min" | "max" => extremum(interpreter, name == "max", &args)?,
        "abs" => match one()? {
            Value::Tensor(_) => torch::function(interpreter, "torch.abs", &args)?,
            Value::Float(x) => Value::Float(x.abs()),
            other => Value::Int(other.as_int()?.abs()),
        },
        "round" => match (one()?, args.positional.get(1)) {
            (Value::Tensor(_), _) => torch::function(interpreter, "torch.round", &args)?,
            (value, None) => Value::Int(value.as_number()?.round_ties_even() as i64),
            (value, Some(digits)) => {
                let scale = 10f64.powi(digits.as_int()? as i32);
                Value::Float((value.as_number()? * scale).round_ties_even() / scale)
            }
        },
        "isinstance" => Value::Bool(is_instance(one()?, args.positional.get(1).unwrap_or(&Value::None))?),
        "hasattr" | "getattr" => {
            let Some(Value::Str(attribute)) = args.positional.get(1) else {
                return Err(Error::new("a name is needed"));
            };
            let found = interpreter.attribute(one()?, attribute);
            match (name, found, args.positional.get(2)) {
                ("hasattr", found, _) => Value::Bool(found.is_ok()),
                (_, Err(_), Some(default)) => default.clone(),
                (_, found, _) => found?,
            }
        }
        "setattr" => match args.positional.as_slice() {
            [object, Value::Str(attribute), value] => {
                interpreter.set_attribute(object, attribute, value.clone())?;
                Value::None
            }
            _ => return Err(Error::new("setattr() takes an object, a name and a value")),
        },
        "print" => Value::None,
        "any" | "all" => {
            let truths: Vec<bool> = one()?.items()?.iter().map(Value::truth).collect::<Result<_>>()?;
            Value::Bool(if name == "any" { truths.contains(&true) } else { !truths.contains(&false) })
        }
        "map" => {
            let items = args.positional.get(1).ok_or_else(|| Error::new("map() needs an iterable"))?.items()?;
            let mapped = items.into_iter().map(|v| interpreter.call(one()?, Args::of(vec![v])));
            Value::list(mapped.collect::<Result<_>>()?)
        }
        "sorted" => {
            let mut items = one()?.items()?;
            items.sort_by(|a, b| match (a, b) {
                (Value::Str(a), Value::Str(b)) => a.cmp(b),
                _ => a.number().unwrap_or(0.0).total_cmp(&b.number().unwrap_or(0.0)),
            });
            Value::list(items)
        }
        "callable" => Value::Bool(match Defined::of(one()?) {
            Some(Defined::Instance(_)) => false,
            Some(_) => true,
            None => matches!(one()?, Value::Builtin(_) | Value::Method(..)),
        }),
        "pow" => match args.positional.as_slice() {
            [a, b] => operators::binary(interpreter, ruff_python_ast::Operator::Pow, a, b)?,
            _ => return Err(Error::unknown("pow() of other than two arguments")),
        },
        _ => return Err(Error::unknown(format!("{name}()"))),
    })
}

fn pair(value: &Value) -> Result<(Value, Value)> {
    match value.items()?.as_slice() {
        [a, b] => Ok((a.clone(), b.clone())),
        _ => Err(Error::new("expected a pair")),
    }
}

fn extremum(interpreter: &Interpreter, largest: bool, args: &Args) -> Result<Value> {
    let items = match args.positional.as_slice() {
        [one] => one.items()?,
        several => several.to_vec(),
    };
    let op = if largest { ruff_python_ast::CmpOp::Gt } else { ruff_python_ast::CmpOp::Lt };
    let mut items = items.into_iter();
    let mut best = items.next().ok_or_else(|| Error::new("min() or max() of nothing"))?;
    for item in items {
        if operators::compare(interpreter, op, &item, &best)?.truth()? {
            best = item;
        }
    }
    Ok(best)
}

fn is_instance(value: &Value, class: &Value) -> Result<bool> {
    if let Some(instance) = Defined::instance(value) {
        match (Defined::class(class), class) {
            (Some(class), _) => return Ok(descends(&instance.class, &class)),
            (None, Value::Builtin(name)) => return Ok(instance.class.derives_from(name)),
            _ => {}
        }
    }
    Ok(match (value, class) {
        (_, Value::Tuple(classes)) => {
            classes.iter().map(|c| is_instance(value, c)).collect::<Result<Vec<_>>>()?.contains(&true)
        }
        (Value::Object(object), Value::Builtin(name)) => name.ends_with(&format!(".{}", object.class())),
        (value, Value::Builtin(name)) => match &**name {
            "int" => matches!(value, Value::Int(_) | Value::Bool(_)),
            "torch.Tensor" => matches!(value, Value::Tensor(_)),
            other => value.class() == *other,
        },
        _ => false,
    })
}

/// Returns `true` for a class itself and for its descendants.
fn descends(class: &Rc<Class>, ancestor: &Rc<Class>) -> bool {
    Rc::ptr_eq(class, ancestor) || class.bases.iter().filter_map(Defined::class).any(|base| descends(&base, ancestor))
}

fn math(function: &str, args: &Args) -> Result<Value> {
    let x = |i: usize| args.positional.get(i).ok_or_else(|| Error::new("an argument is missing"))?.as_number();
    Ok(Value::Float(match function {
        "sqrt" => x(0)?.sqrt(),
        "exp" => x(0)?.exp(),
        "sin" => x(0)?.sin(),
        "cos" => x(0)?.cos(),
        "tanh" => x(0)?.tanh(),
        "log" if args.positional.len() == 2 => x(0)?.log(x(1)?),
        "log" => x(0)?.ln(),
        "log2" => x(0)?.log2(),
        "pow" => x(0)?.powf(x(1)?),
        "floor" => return Ok(Value::Int(x(0)?.floor() as i64)),
        "ceil" => return Ok(Value::Int(x(0)?.ceil() as i64)),
        "prod" => {
            let items = args.positional.first().map_or(Ok(Vec::new()), Value::items)?;
            return Ok(Value::Int(items.iter().map(Value::as_int).product::<Result<i64>>()?));
        }
        _ => return Err(Error::unknown(format!("math.{function}"))),
    }))
}

/// Calls a method of a list, dict, string or number.
///
/// # Errors
/// It does not exist, or fails.
pub fn method(interpreter: &Interpreter, receiver: &Value, name: &str, args: Args) -> Result<Value> {
    let one = || args.positional.first().cloned().ok_or_else(|| Error::new(format!("{name}() needs an argument")));
    Ok(match (receiver, name) {
        (Value::List(list), "append") => {
            list.borrow_mut().push(one()?);
            Value::None
        }
        (Value::List(list), "extend") => {
            let more = one()?.items()?;
            list.borrow_mut().extend(more);
            Value::None
        }
        (Value::List(list), "insert") => {
            let at = one()?.as_int()?;
            let mut list = list.borrow_mut();
            let at = (if at < 0 { at + list.len() as i64 } else { at }).clamp(0, list.len() as i64) as usize;
            list.insert(at, args.positional.get(1).cloned().unwrap_or(Value::None));
            Value::None
        }
        (Value::List(list), "pop") => {
            let len = list.borrow().len() as i64;
            let at = args.positional.first().map_or(Ok(-1), Value::as_int)?;
            let at = usize::try_from(if at < 0 { at + len } else { at }).unwrap_or(usize::MAX);
            if at >= len as usize {
                return Err(Error::new("IndexError: pop from a list without that element"));
            }
            list.borrow_mut().remove(at)
        }
        (Value::List(list), "clear") => {
            list.borrow_mut().clear();
            Value::None
        }
        (Value::List(_) | Value::Tuple(_), "index") => {
            let wanted = one()?;
            let found = receiver.items()?.iter().position(|v| v.equals(&wanted));
            Value::Int(found.ok_or_else(|| Error::new("ValueError: not in the list"))? as i64)
        }
        (Value::Tuple(_), "numel") => Value::Int(receiver.items()?.iter().map(Value::as_int).product::<Result<i64>>()?),
        (Value::Dict(_), "keys") => Value::list(receiver.items()?),
        (Value::Dict(dict), "values") => Value::list(dict.borrow().iter().map(|(_, v)| v.clone()).collect()),
        (Value::Dict(dict), "items") => {
            let pairs = dict.borrow().iter().map(|(k, v)| Value::tuple([k.clone(), v.clone()])).collect();
            Value::list(pairs)
        }
        (Value::Dict(_), "get") => match interpreter.item(receiver, &one()?) {
            Ok(value) => value,
            Err(_) => args.positional.get(1).cloned().unwrap_or(Value::None),
        },
        (Value::Dict(dict), "update") => {
            if let Value::Dict(other) = one()? {
                let pairs = [dict.borrow().clone(), other.borrow().clone()].concat();
                if let Value::Dict(merged) = super::dict(pairs) {
                    dict.replace(merged.take());
                }
            }
            Value::None
        }
        (Value::Str(s), "startswith" | "endswith") => match one()? {
            Value::Str(part) if name == "startswith" => Value::Bool(s.starts_with(&*part)),
            Value::Str(part) => Value::Bool(s.ends_with(&*part)),
            _ => return Err(Error::new("a str is needed")),
        },
        (Value::Float(x), "is_integer") => Value::Bool(x.fract() == 0.0),
        (Value::Tensor(t), "item") => Value::Float(item(t)?),
        _ => return Err(Error::unknown(format!("{}.{name}()", receiver.class()))),
    })
}

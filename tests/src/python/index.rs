//! Subscripts: of lists, tuples, dicts and tensors.

use super::class::Defined;
use super::{Args, Error, Interpreter, Result, Value};

impl Interpreter {
    /// Evaluates `object[index]`.
    ///
    /// # Errors
    /// There is no such element, or the object has none.
    pub fn item(&self, object: &Value, index: &Value) -> Result<Value> {
        match object {
            Value::Tensor(tensor) => Ok(Value::Tensor(kindling_torch::tensor_item(tensor, index)?)),
            Value::Dict(dict) => {
                let found = dict.borrow().iter().find(|(key, _)| key.equals(index)).map(|(_, value)| value.clone());
                found.ok_or_else(|| Error::new(format!("KeyError: {index:?}")))
            }
            Value::Str(_) | Value::List(_) | Value::Tuple(_) | Value::Named(_) | Value::Range(..) => {
                sequence(object, &object.items()?, index)
            }
            _ if Defined::instance(object).is_some() => {
                self.call_method(object, "__getitem__", Args::of(vec![index.clone()]))
            }
            Value::Object(inner) => match inner.get("__items__")? {
                Some(items) => sequence(object, &items.items()?, index),
                None => inner.call(self, "__getitem__", Args::of(vec![index.clone()])),
            },
            other => Err(Error::new(format!("'{}' object is not subscriptable", other.class()))),
        }
    }

    /// Executes `object[index] = value`.
    ///
    /// # Errors
    /// It cannot be set.
    pub fn set_item(&self, object: &Value, index: &Value, value: Value) -> Result<()> {
        match object {
            Value::Tensor(tensor) => kindling_torch::set_tensor_item(tensor, index, &value)?,
            Value::List(list) => {
                let at = position(index, list.borrow().len())?;
                list.borrow_mut()[at] = value;
            }
            Value::Dict(dict) => {
                let mut dict = dict.borrow_mut();
                match dict.iter_mut().find(|(key, _)| key.equals(index)) {
                    Some((_, slot)) => *slot = value,
                    None => dict.push((index.clone(), value)),
                }
            }
            other => return Err(Error::new(format!("'{}' object does not support item assignment", other.class()))),
        }
        Ok(())
    }
}

fn position(index: &Value, len: usize) -> Result<usize> {
    let at = index.as_int()?;
    let from_start = if at < 0 { at + len as i64 } else { at };
    match usize::try_from(from_start) {
        Ok(at) if at < len => Ok(at),
        _ => Err(Error::new(format!("IndexError: index {at} of {len} elements"))),
    }
}

fn sequence(object: &Value, items: &[Value], index: &Value) -> Result<Value> {
    let Value::Slice(bounds) = index else { return Ok(items[position(index, items.len())?].clone()) };
    let len = items.len() as i64;
    let step = if let Value::None = bounds[2] { 1 } else { bounds[2].as_int()? };
    if step == 0 {
        return Err(Error::new("slice step cannot be zero"));
    }
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let bound = |value: &Value, default: i64| -> Result<i64> {
        if let Value::None = value {
            return Ok(default);
        }
        let at = value.as_int()?;
        Ok((if at < 0 { at + len } else { at }).clamp(low, high))
    };
    let (start, stop) = if step > 0 { (0, len) } else { (len - 1, -1) };
    let range = Value::Range(bound(&bounds[0], start)?, bound(&bounds[1], stop)?, step);
    let places = range.items()?;
    let picked = places.iter().map(|at| Ok(items[position(at, items.len())?].clone()));
    let picked: Vec<Value> = picked.collect::<Result<_>>()?;
    Ok(if let Value::List(_) = object { Value::list(picked) } else { Value::tuple(picked) })
}

//! Values of Python expressions. Lists, dicts and instances are shared by reference, as in Python.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use kindling::{DType, Tensor};
use serde_json::Value as Json;

use crate::reads::read;
use crate::{Args, Error, Host, Result};

/// A Python value.
#[derive(Clone)]
pub enum Value {
    /// `None`.
    None,
    /// `...`.
    Ellipsis,
    /// A bool.
    Bool(bool),
    /// An int.
    Int(i64),
    /// A float.
    Float(f64),
    /// A str.
    Str(Rc<str>),
    /// A torch.Tensor.
    Tensor(Tensor),
    /// A torch.dtype.
    DType(DType),
    /// Result of `data_ptr()`: the address of a tensor.
    Pointer(Tensor),
    /// A list.
    List(Rc<RefCell<Vec<Value>>>),
    /// A tuple or torch.Size.
    Tuple(Rc<[Value]>),
    /// A named tuple, such as the result of `max`.
    Named(Rc<[(&'static str, Value)]>),
    /// A dict, in the order of insertion.
    Dict(Rc<RefCell<Vec<(Value, Value)>>>),
    /// A range: start, stop, step.
    Range(i64, i64, i64),
    /// A slice in a subscript: start, stop, step.
    Slice(Rc<[Value; 3]>),
    /// A builtin of Python, torch or torch.nn.functional, by its full name.
    Builtin(Rc<str>),
    /// A method of a builtin value.
    Method(Box<Value>, Rc<str>),
    /// An object of torch, such as an optimizer, or of the program: a function, an instance.
    Object(Rc<dyn Object>),
}

/// An object that the crate or its host defines.
pub trait Object: Any {
    /// Returns its class, for messages.
    fn class(&self) -> &str;

    /// Returns an attribute; `None` for a method or an unknown name.
    ///
    /// # Errors
    /// It cannot be read now.
    fn get(&self, _name: &str) -> Result<Option<Value>> {
        Ok(None)
    }

    /// Sets an attribute.
    ///
    /// # Errors
    /// It has no attribute that can be set.
    fn set(&self, name: &str, _value: Value) -> Result<()> {
        Err(Error::unknown(format!("setting {}.{name}", self.class())))
    }

    /// Calls a method; `__call__` if the object itself is called.
    ///
    /// # Errors
    /// There is no such method, or it fails.
    fn call(&self, _host: &dyn Host, method: &str, _args: Args) -> Result<Value> {
        Err(Error::unknown(format!("{}.{method}", self.class())))
    }

    /// Returns itself for downcasts.
    fn any(&self) -> &dyn Any;
}

impl Value {
    /// Creates a list.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(RefCell::new(items)))
    }

    /// Creates a tuple.
    pub fn tuple(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Tuple(items.into_iter().collect())
    }

    /// Creates a tuple of tensors.
    pub fn tensors(tensors: impl IntoIterator<Item = Tensor>) -> Self {
        Self::tuple(tensors.into_iter().map(Self::Tensor))
    }

    /// Creates a tensor or None.
    pub fn optional(tensor: Option<Tensor>) -> Self {
        tensor.map_or(Self::None, Self::Tensor)
    }

    /// Creates a torch.Size or a tuple of strides.
    pub fn size<T: TryInto<i64> + Copy>(sizes: &[T]) -> Self {
        Self::tuple(sizes.iter().map(|n| Self::Int((*n).try_into().unwrap_or(i64::MAX))))
    }

    /// Returns its class, for messages.
    pub fn class(&self) -> String {
        match self {
            Self::None => "NoneType".into(),
            Self::Ellipsis => "ellipsis".into(),
            Self::Bool(_) => "bool".into(),
            Self::Int(_) | Self::Pointer(_) => "int".into(),
            Self::Float(_) => "float".into(),
            Self::Str(_) => "str".into(),
            Self::Tensor(_) => "Tensor".into(),
            Self::DType(_) => "dtype".into(),
            Self::List(_) => "list".into(),
            Self::Tuple(_) | Self::Named(_) => "tuple".into(),
            Self::Dict(_) => "dict".into(),
            Self::Range(..) => "range".into(),
            Self::Slice(_) => "slice".into(),
            Self::Builtin(_) | Self::Method(..) => "function".into(),
            Self::Object(object) => object.class().into(),
        }
    }

    /// Returns its truth value.
    ///
    /// # Errors
    /// A tensor of several elements has none.
    pub fn truth(&self) -> Result<bool> {
        Ok(match self {
            Self::None => false,
            Self::Bool(b) => *b,
            Self::Int(i) => *i != 0,
            Self::Float(x) => *x != 0.0,
            Self::Str(s) => !s.is_empty(),
            Self::Tensor(t) => item(t)? != 0.0,
            Self::List(list) => !list.borrow().is_empty(),
            Self::Tuple(items) => !items.is_empty(),
            Self::Dict(dict) => !dict.borrow().is_empty(),
            Self::Range(..) => !self.items()?.is_empty(),
            _ => true,
        })
    }

    /// Returns the items of an iteration.
    ///
    /// # Errors
    /// It is not iterable.
    pub fn items(&self) -> Result<Vec<Self>> {
        Ok(match self {
            Self::List(list) => list.borrow().clone(),
            Self::Tuple(items) => items.to_vec(),
            Self::Named(items) => items.iter().map(|(_, v)| v.clone()).collect(),
            Self::Dict(dict) => dict.borrow().iter().map(|(key, _)| key.clone()).collect(),
            Self::Str(s) => s.chars().map(|c| Self::Str(c.to_string().into())).collect(),
            Self::Range(start, stop, step) => {
                let mut items = Vec::new();
                let mut at = *start;
                while (*step > 0 && at < *stop) || (*step < 0 && at > *stop) {
                    items.push(Self::Int(at));
                    at += step;
                }
                items
            }
            Self::Tensor(t) if t.ndim() > 0 => {
                (0..t.dims()[0] as isize).map(|i| Ok(Self::Tensor(t.select(0, i)?))).collect::<Result<_>>()?
            }
            Self::Object(object) => match object.get("__items__")? {
                Some(items) => items.items()?,
                None => return Err(Error::new(format!("'{}' object is not iterable", self.class()))),
            },
            _ => return Err(Error::new(format!("'{}' object is not iterable", self.class()))),
        })
    }

    /// Compares by Python's `==`, for values that are not tensors.
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::DType(a), Self::DType(b)) => a == b,
            (Self::Pointer(a), Self::Pointer(b)) => a.same_memory(b),
            (Self::List(_), Self::List(_)) | (Self::Tuple(_), Self::Tuple(_)) => match (self.items(), other.items()) {
                (Ok(a), Ok(b)) => a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.equals(b)),
                _ => false,
            },
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => a == b,
                _ => self.is(other),
            },
        }
    }

    /// Compares by Python's `is`.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) | (Self::Ellipsis, Self::Ellipsis) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Tensor(a), Self::Tensor(b)) => a.is(b),
            (Self::DType(a), Self::DType(b)) => a == b,
            (Self::List(a), Self::List(b)) => Rc::ptr_eq(a, b),
            (Self::Tuple(a), Self::Tuple(b)) => Rc::ptr_eq(a, b),
            (Self::Dict(a), Self::Dict(b)) => Rc::ptr_eq(a, b),
            (Self::Object(a), Self::Object(b)) => std::ptr::addr_eq(Rc::as_ptr(a), Rc::as_ptr(b)),
            (Self::Builtin(a), Self::Builtin(b)) => a == b,
            _ => false,
        }
    }

    /// Returns a bool, int or float as a number.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(b) => Some(f64::from(u8::from(*b))),
            Self::Int(i) => Some(*i as f64),
            Self::Float(x) => Some(*x),
            _ => None,
        }
    }

    /// Returns a bool, int or float, or a tensor of one element, as a number.
    ///
    /// # Errors
    /// It has another type.
    pub fn as_number(&self) -> Result<f64> {
        match self {
            Self::Tensor(t) => item(t),
            _ => self.number().ok_or_else(|| Error::new(format!("expected a number, found {}", self.class()))),
        }
    }

    /// Returns an int, also from a bool or a tensor of one integer.
    ///
    /// # Errors
    /// It has another type.
    pub fn as_int(&self) -> Result<i64> {
        match self {
            Self::Int(i) => Ok(*i),
            Self::Bool(b) => Ok(i64::from(*b)),
            Self::Tensor(t) if !t.dtype().is_float() => Ok(item(t)? as i64),
            _ => Err(Error::new(format!("expected an int, found {}", self.class()))),
        }
    }

    /// Returns a tensor.
    ///
    /// # Errors
    /// It has another type.
    pub fn as_tensor(&self) -> Result<&Tensor> {
        match self {
            Self::Tensor(t) => Ok(t),
            _ => Err(Error::new(format!("expected a Tensor, found {}", self.class()))),
        }
    }
}

/// Returns the only element of a tensor.
///
/// # Errors
/// It has several; or its computation was refused.
pub fn item(tensor: &Tensor) -> Result<f64> {
    if tensor.numel() != 1 {
        return Err(Error::new(format!("a Tensor with {} elements cannot be converted to a number", tensor.numel())));
    }
    let array = read(&[tensor])?.remove(0);
    Ok(array.to_f64()[0])
}

/// Creates a dict; of equal keys the last counts.
pub fn dict(pairs: Vec<(Value, Value)>) -> Value {
    let mut kept: Vec<(Value, Value)> = Vec::new();
    for (key, value) in pairs {
        match kept.iter_mut().find(|(k, _)| k.equals(&key)) {
            Some((_, slot)) => *slot = value,
            None => kept.push((key, value)),
        }
    }
    Value::Dict(Rc::new(RefCell::new(kept)))
}

/// Converts a value of the program to JSON.
///
/// # Errors
/// JSON has no such value.
pub fn json(value: &Value) -> Result<Json> {
    Ok(match value {
        Value::None => Json::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(i) => (*i).into(),
        Value::Float(x) => (*x).into(),
        Value::Str(s) => (**s).into(),
        Value::List(_) | Value::Tuple(_) => value.items()?.iter().map(json).collect::<Result<Vec<Json>>>()?.into(),
        other => return Err(Error::new(format!("a layer cannot be made of a {}", other.class()))),
    })
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(b) => f.write_str(if *b { "True" } else { "False" }),
            Self::None => f.write_str("None"),
            Self::Int(i) => write!(f, "{i}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Str(s) => write!(f, "'{s}'"),
            Self::Tensor(t) => write!(f, "{t:?}"),
            Self::List(list) => f.debug_list().entries(list.borrow().iter()).finish(),
            Self::Tuple(items) => f.debug_list().entries(items.iter()).finish(),
            _ => write!(f, "<{}>", self.class()),
        }
    }
}

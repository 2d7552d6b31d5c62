//! Operators between values. Of tensors only the sum is supported, as a residual connection.

use std::rc::Rc;

use super::super::TextError;
use super::fault;
use super::graph::Item;
use super::interpreter::{Interpreter, MAX_LIST};
use super::value::{Content, Value};
use crate::nn::PositionEmbeddingSpec;

impl Interpreter {
    /// Evaluates `a op b`.
    ///
    /// # Errors
    /// The operation is not defined for these values, or the result is too large.
    pub fn binary(&mut self, op: &str, left: Value, right: Value, line: usize) -> Result<Value, TextError> {
        if matches!(left, Value::Tensor(_)) || matches!(right, Value::Tensor(_)) {
            return self.tensors(op, left, right, line);
        }
        match (&left, &right) {
            (Value::Int(a), Value::Int(b)) => whole(op, *a, *b).map_err(|why| fault(line, why)),
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                let [a, b] = [&left, &right].map(number);
                real(op, a, b).map(Value::Float).map_err(|why| fault(line, why))
            }
            (Value::List(a), Value::List(b)) if op == "+" => {
                let joined = [a.borrow().as_slice(), b.borrow().as_slice()].concat();
                if joined.len() > MAX_LIST {
                    return Err(fault(line, format!("a list has more than {MAX_LIST} elements")));
                }
                Ok(Value::list(joined))
            }
            (Value::Tuple(a), Value::Tuple(b)) if op == "+" => Ok(Value::tuple([a.as_slice(), b.as_slice()].concat())),
            (Value::Text(a), Value::Text(b)) if op == "+" && a.len() + b.len() < MAX_LIST => {
                Ok(Value::text(format!("{a}{b}")))
            }
            (Value::List(list), Value::Int(n)) | (Value::Int(n), Value::List(list)) if op == "*" => {
                let n = usize::try_from(*n).unwrap_or_default();
                if list.borrow().len().saturating_mul(n) > MAX_LIST {
                    return Err(fault(line, format!("a list has more than {MAX_LIST} elements")));
                }
                Ok(Value::list(list.borrow().iter().cycle().take(list.borrow().len() * n).cloned().collect()))
            }
            // A scaled parameter, or a size of the input.
            (Value::Array(..), Value::Int(_) | Value::Float(_)) => Ok(left),
            (Value::Int(_) | Value::Float(_), Value::Array(..)) => Ok(right),
            (Value::Size | Value::Batch | Value::Int(_), Value::Size | Value::Batch | Value::Int(_)) => Ok(Value::Size),
            (Value::Opaque(_), _) => Ok(left),
            (_, Value::Opaque(_)) => Ok(right),
            _ => {
                let (left, right) = (left.describe(), right.describe());
                Err(fault(line, format!("'{op}' between {left} and {right} cannot be read")))
            }
        }
    }

    /// Evaluates `a op= b`: a list is changed in place.
    ///
    /// # Errors
    /// As [`Self::binary`].
    pub fn change(&mut self, op: &str, old: Value, new: Value, line: usize) -> Result<Value, TextError> {
        if let (Value::List(list), "+") = (&old, op) {
            let more = self.items(&new, line)?;
            if list.borrow().len() + more.len() > MAX_LIST {
                return Err(fault(line, format!("a list has more than {MAX_LIST} elements")));
            }
            list.borrow_mut().extend(more);
            return Ok(old);
        }
        match old {
            Value::Tensor(tensor) => {
                let made = self.binary(op, old, new, line)?;
                self.in_place(tensor, made, line)
            }
            old => self.binary(op, old, new, line),
        }
    }

    fn tensors(&mut self, op: &str, left: Value, right: Value, line: usize) -> Result<Value, TextError> {
        match (op, left, right) {
            ("+", Value::Tensor(a), Value::Tensor(b)) => {
                let inputs = [self.current(a, line)?, self.current(b, line)?];
                let frame = self.frame(line)?;
                let inputs = inputs.map(|node| frame.checked(node, line));
                let node = frame.graph.add(inputs, line);
                Ok(Value::Tensor(super::value::Tensor { frame: a.frame, node }))
            }
            ("+", Value::Tensor(x), Value::Array(shape, true)) | ("+", Value::Array(shape, true), Value::Tensor(x)) => {
                let [1, length, dim] = shape.as_slice() else {
                    return Err(fault(line, "only a parameter of shape (1, length, features) can be added"));
                };
                let (length, dim) = (*length as usize, *dim as usize);
                let item = Item::new(Some(String::new()), PositionEmbeddingSpec { length, dim }.into(), line);
                self.record(item, x, line)
            }
            ("*", Value::Tensor(x), Value::Float(1.0) | Value::Int(1)) => Ok(Value::Tensor(x)),
            (op, left, right) => {
                let (left, right) = (left.describe(), right.describe());
                Err(fault(line, format!("'{op}' between {left} and {right}: of tensors only sums can be read")))
            }
        }
    }

    /// Evaluates `-a`, `+a`, `not a`.
    ///
    /// # Errors
    /// The operation is not defined for this value.
    pub fn unary(&mut self, op: &str, value: Value, line: usize) -> Result<Value, TextError> {
        match (op, &value) {
            ("not", value) => Ok(Value::Bool(!self.truth(value, line)?)),
            ("-", Value::Int(a)) => a.checked_neg().map(Value::Int).ok_or_else(|| fault(line, "a number is too large")),
            ("-", Value::Float(a)) => Ok(Value::Float(-a)),
            ("+", Value::Int(_) | Value::Float(_)) => Ok(value),
            _ => Err(fault(line, format!("'{op}' before {} cannot be read", value.describe()))),
        }
    }

    /// Returns the truth of a value.
    ///
    /// # Errors
    /// The truth depends on values that are unknown here.
    pub fn truth(&mut self, value: &Value, line: usize) -> Result<bool, TextError> {
        Ok(match value {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(list) => !list.borrow().is_empty(),
            Value::Tuple(list) => !list.is_empty(),
            Value::Dict(pairs) => !pairs.borrow().is_empty(),
            Value::Module(module) => match &module.content {
                Content::Container(_, list) => !list.borrow().is_empty(),
                _ => true,
            },
            Value::Class(_) | Value::Function(_) | Value::Method(..) | Value::Builtin(..) | Value::Path(_) => true,
            other => return Err(fault(line, format!("a condition on {} cannot be decided", other.describe()))),
        })
    }

    /// Evaluates the comparison `a op b`.
    ///
    /// # Errors
    /// The result depends on values that are unknown here.
    pub fn comparison(&mut self, op: &str, left: &Value, right: &Value, line: usize) -> Result<bool, TextError> {
        let same = || is_same(left, right);
        let undecided =
            || fault(line, format!("'{op}' between {} and {} cannot be decided", left.describe(), right.describe()));
        match op {
            "is" | "==" | "is not" | "!=" => {
                let same = same().ok_or_else(undecided)?;
                Ok(same == matches!(op, "is" | "=="))
            }
            "in" | "not in" => {
                let found = self.items(right, line)?.iter().any(|item| is_same(left, item) == Some(true));
                Ok(found == (op == "in"))
            }
            _ => {
                let (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) = (left, right) else {
                    return Err(undecided());
                };
                let [a, b] = [left, right].map(number);
                Ok(match op {
                    "<" => a < b,
                    ">" => a > b,
                    "<=" => a <= b,
                    _ => a >= b,
                })
            }
        }
    }
}

/// Converts a number to a float.
pub fn number(value: &Value) -> f64 {
    match value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        _ => f64::NAN,
    }
}

/// Returns `true` if two values are equal; `None` if that is unknown.
fn is_same(left: &Value, right: &Value) -> Option<bool> {
    Some(match (left, right) {
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => number(left) == number(right),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Text(a), Value::Text(b)) | (Value::Path(a), Value::Path(b)) => a == b,
        (Value::None, Value::None) => true,
        (Value::Module(a), Value::Module(b)) => Rc::ptr_eq(a, b),
        (Value::Class(a), Value::Class(b)) => Rc::ptr_eq(a, b),
        (Value::Tuple(a), Value::Tuple(b)) => {
            let pairs: Option<Vec<bool>> = a.iter().zip(b.iter()).map(|(a, b)| is_same(a, b)).collect();
            a.len() == b.len() && pairs?.into_iter().all(|same| same)
        }
        (Value::List(a), Value::List(b)) => {
            let (a, b) = (a.borrow(), b.borrow());
            let pairs: Option<Vec<bool>> = a.iter().zip(b.iter()).map(|(a, b)| is_same(a, b)).collect();
            a.len() == b.len() && pairs?.into_iter().all(|same| same)
        }
        (Value::Opaque(_) | Value::Batch | Value::Size, other)
        | (other, Value::Opaque(_) | Value::Batch | Value::Size) => {
            if matches!(other, Value::None) {
                false
            } else {
                return None;
            }
        }
        _ => false,
    })
}

fn whole(op: &str, a: i64, b: i64) -> Result<Value, String> {
    let divided = |result: Option<i64>| match (b, result) {
        (0, _) => Err("a number is divided by 0".to_owned()),
        (_, None) => Err("a number is too large".to_owned()),
        (_, Some(result)) => Ok(Value::Int(result)),
    };
    let checked = |result: Option<i64>| result.map(Value::Int).ok_or_else(|| "a number is too large".to_owned());
    match op {
        "+" => checked(a.checked_add(b)),
        "-" => checked(a.checked_sub(b)),
        "*" => checked(a.checked_mul(b)),
        // Python rounds down, and a remainder has the divisor's sign.
        "//" => divided(a.checked_div(b).map(|q| if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q })),
        "%" => divided(a.checked_rem(b).map(|r| if r != 0 && (r < 0) != (b < 0) { r + b } else { r })),
        "<<" => checked(u32::try_from(b).ok().filter(|b| *b < 32).and_then(|b| a.checked_mul(1 << b))),
        ">>" => checked(u32::try_from(b).ok().filter(|b| *b < 63).map(|b| a >> b)),
        "**" => match u32::try_from(b) {
            Ok(b) => checked(a.checked_pow(b)),
            Err(_) => real(op, a as f64, b as f64).map(Value::Float),
        },
        op => real(op, a as f64, b as f64).map(Value::Float),
    }
}

fn real(op: &str, a: f64, b: f64) -> Result<f64, String> {
    match op {
        "+" => Ok(a + b),
        "-" => Ok(a - b),
        "*" => Ok(a * b),
        "/" | "//" | "%" if b == 0.0 => Err("a number is divided by 0".into()),
        "/" => Ok(a / b),
        "//" => Ok((a / b).floor()),
        "%" => Ok(a - b * (a / b).floor()),
        "**" => Ok(libm::pow(a, b)),
        op => Err(format!("'{op}' between numbers cannot be read")),
    }
}

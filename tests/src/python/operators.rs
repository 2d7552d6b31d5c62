//! Operators on numbers, sequences and tensors.

use ruff_python_ast::{CmpOp, Operator, UnaryOp};

use super::{Args, Error, Interpreter, Result, Value};

/// Evaluates `left op right`.
///
/// # Errors
/// The operands do not match, or the engine fails.
pub fn binary(interpreter: &Interpreter, op: Operator, left: &Value, right: &Value) -> Result<Value> {
    if matches!(left, Value::Tensor(_)) || matches!(right, Value::Tensor(_)) {
        let name = function(op).ok_or_else(|| Error::unknown(format!("{} of tensors", symbol(op))))?;
        let args = Args::of(vec![left.clone(), right.clone()]);
        let found = kindling_torch::call(interpreter, name, &args)?;
        return found.ok_or_else(|| Error::unknown(format!("torch.{name}")));
    }
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        return numbers(op, left, right, a, b);
    }
    let join = |a: &Value, b: &Value| -> Result<Vec<Value>> { Ok([a.items()?, b.items()?].concat()) };
    match (op, left, right) {
        (Operator::Add, Value::List(_), Value::List(_)) => Ok(Value::list(join(left, right)?)),
        (Operator::Add, Value::Tuple(_), Value::Tuple(_)) => Ok(Value::tuple(join(left, right)?)),
        (Operator::Add, Value::Str(a), Value::Str(b)) => Ok(Value::Str(format!("{a}{b}").into())),
        (Operator::Mult, Value::List(_), Value::Int(n)) => Ok(Value::list(repeat(left, *n)?)),
        (Operator::Mult, Value::Int(n), Value::List(_)) => Ok(Value::list(repeat(right, *n)?)),
        (Operator::Mult, Value::Tuple(_), Value::Int(n)) => Ok(Value::tuple(repeat(left, *n)?)),
        (Operator::Mult, Value::Int(n), Value::Tuple(_)) => Ok(Value::tuple(repeat(right, *n)?)),
        _ => Err(Error::new(format!("{} of {} and {} is not possible", symbol(op), left.class(), right.class()))),
    }
}

fn repeat(items: &Value, times: i64) -> Result<Vec<Value>> {
    let items = items.items()?;
    let times = usize::try_from(times).unwrap_or(0);
    Ok(std::iter::repeat_n(items, times).flatten().collect())
}

fn numbers(op: Operator, left: &Value, right: &Value, a: f64, b: f64) -> Result<Value> {
    let zero = || Error::new("division by zero");
    let float = matches!(left, Value::Float(_)) || matches!(right, Value::Float(_));
    if !float && op != Operator::Div {
        let (a, b) = (left.as_int()?, right.as_int()?);
        let result = match op {
            Operator::Add => a.checked_add(b),
            Operator::Sub => a.checked_sub(b),
            Operator::Mult => a.checked_mul(b),
            Operator::FloorDiv | Operator::Mod if b == 0 => return Err(zero()),
            // Python rounds down, and the remainder has the divisor's sign.
            Operator::FloorDiv => Some(a.div_euclid(b) - i64::from(b < 0 && a.rem_euclid(b) != 0)),
            Operator::Mod => Some((a % b + b) % b),
            Operator::Pow if b < 0 => return Ok(Value::Float((a as f64).powf(b as f64))),
            Operator::Pow => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            Operator::LShift => u32::try_from(b).ok().and_then(|b| a.checked_shl(b)),
            Operator::RShift => u32::try_from(b).ok().and_then(|b| a.checked_shr(b)),
            Operator::BitOr => Some(a | b),
            Operator::BitXor => Some(a ^ b),
            Operator::BitAnd => Some(a & b),
            Operator::MatMult | Operator::Div => None,
        };
        return result.map(Value::Int).ok_or_else(|| Error::unknown(format!("{} of these ints", symbol(op))));
    }
    let result = match op {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mult => a * b,
        Operator::Div | Operator::FloorDiv | Operator::Mod if b == 0.0 => return Err(zero()),
        Operator::Div => a / b,
        Operator::FloorDiv => (a / b).floor(),
        Operator::Mod => a - b * (a / b).floor(),
        Operator::Pow => a.powf(b),
        _ => return Err(Error::new(format!("{} of floats is not possible", symbol(op)))),
    };
    Ok(Value::Float(result))
}

/// Executes `old op= value`: tensors and lists change in place.
///
/// # Errors
/// As [`binary`].
pub fn augment(interpreter: &Interpreter, op: Operator, old: &Value, value: &Value) -> Result<Value> {
    match (old, op) {
        (Value::Tensor(_), _) => {
            let name = function(op).ok_or_else(|| Error::unknown(format!("{}= of tensors", symbol(op))))?;
            let args = Args::of(vec![old.clone(), value.clone()]);
            let found = kindling_torch::call(interpreter, &format!("{name}_"), &args)?;
            found.ok_or_else(|| Error::unknown(format!("Tensor.{name}_")))
        }
        (Value::List(list), Operator::Add) => {
            let more = value.items()?;
            list.borrow_mut().extend(more);
            Ok(old.clone())
        }
        _ => binary(interpreter, op, old, value),
    }
}

/// Evaluates `-x`, `+x`, `~x`, `not x`.
///
/// # Errors
/// As [`binary`].
pub fn unary(interpreter: &Interpreter, op: UnaryOp, value: &Value) -> Result<Value> {
    let tensor = |name: &str| {
        let found = kindling_torch::call(interpreter, name, &Args::of(vec![value.clone()]))?;
        found.ok_or_else(|| Error::unknown(format!("torch.{name}")))
    };
    match (op, value) {
        (UnaryOp::Not, _) => Ok(Value::Bool(!value.truth()?)),
        (UnaryOp::USub, Value::Tensor(_)) => tensor("neg"),
        (UnaryOp::Invert, Value::Tensor(_)) => tensor("logical_not"),
        (UnaryOp::UAdd, _) => Ok(value.clone()),
        (UnaryOp::USub, Value::Float(x)) => Ok(Value::Float(-x)),
        (UnaryOp::USub, _) => Ok(Value::Int(-value.as_int()?)),
        (UnaryOp::Invert, _) => Ok(Value::Int(!value.as_int()?)),
    }
}

/// Evaluates `left op right` for the comparisons that tensors support.
///
/// # Errors
/// As [`binary`].
pub fn compare(interpreter: &Interpreter, op: CmpOp, left: &Value, right: &Value) -> Result<Value> {
    let name = match op {
        CmpOp::Eq => "eq",
        CmpOp::NotEq => "ne",
        CmpOp::Lt => "lt",
        CmpOp::LtE => "le",
        CmpOp::Gt => "gt",
        CmpOp::GtE => "ge",
        _ => return Err(Error::unknown("this comparison")),
    };
    let number_or_tensor = |v: &Value| matches!(v, Value::Tensor(_)) || v.number().is_some();
    let any = matches!(left, Value::Tensor(_)) || matches!(right, Value::Tensor(_));
    if any && number_or_tensor(left) && number_or_tensor(right) {
        let found = kindling_torch::call(interpreter, name, &Args::of(vec![left.clone(), right.clone()]))?;
        return found.ok_or_else(|| Error::unknown(format!("torch.{name}")));
    }
    if let CmpOp::Eq | CmpOp::NotEq = op {
        return Ok(Value::Bool(left.equals(right) == (op == CmpOp::Eq)));
    }
    let order = match (left, right) {
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        _ => match (left.number(), right.number()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => return Err(Error::new(format!("{} and {} have no order", left.class(), right.class()))),
        },
    };
    Ok(Value::Bool(order.is_some_and(|order| match op {
        CmpOp::Lt => order.is_lt(),
        CmpOp::LtE => order.is_le(),
        CmpOp::Gt => order.is_gt(),
        _ => order.is_ge(),
    })))
}

/// Returns torch's name of an operator.
fn function(op: Operator) -> Option<&'static str> {
    Some(match op {
        Operator::Add => "add",
        Operator::Sub => "sub",
        Operator::Mult => "mul",
        Operator::MatMult => "matmul",
        Operator::Div => "div",
        Operator::Mod => "remainder",
        Operator::Pow => "pow",
        Operator::BitOr => "logical_or",
        Operator::BitXor => "logical_xor",
        Operator::BitAnd => "logical_and",
        Operator::FloorDiv => "floor_divide",
        Operator::LShift | Operator::RShift => return None,
    })
}

fn symbol(op: Operator) -> &'static str {
    op.as_str()
}

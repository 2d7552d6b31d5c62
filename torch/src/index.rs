//! Subscripts of tensors.

use kindling::{DType, Tensor};

use crate::{Error, Result, Value};

/// Evaluates `tensor[index]`: ints, slices, None and `...` give views; one tensor of indices gives
/// a copy.
///
/// # Errors
/// The tensor has no such element.
pub fn item(tensor: &Tensor, index: &Value) -> Result<Tensor> {
    let indices = match index {
        Value::Tuple(indices) => indices.to_vec(),
        other => vec![other.clone()],
    };
    let takes_dim = |v: &&Value| !matches!(v, Value::None | Value::Ellipsis);
    let taken = indices.iter().filter(takes_dim).count();
    if taken > tensor.ndim() {
        let (has, got) = (tensor.ndim(), taken);
        return Err(Error::new(format!("IndexError: {got} indices for a tensor of {has} dimensions")));
    }
    let mut result = tensor.clone();
    let mut dim = 0isize;
    for index in &indices {
        match index {
            Value::None => {
                result = result.unsqueeze(dim)?;
                dim += 1;
            }
            Value::Ellipsis => dim += (tensor.ndim() - taken) as isize,
            Value::Slice(bounds) => {
                let bound = |v: &Value| -> Result<Option<isize>> {
                    if let Value::None = v { Ok(None) } else { Ok(Some(v.as_int()? as isize)) }
                };
                result = result.slice(dim, bound(&bounds[0])?, bound(&bounds[1])?, bound(&bounds[2])?.unwrap_or(1))?;
                dim += 1;
            }
            Value::Tensor(t) if t.dtype() == DType::Bool => return Err(Error::unknown("a mask as an index")),
            Value::Tensor(t) if t.ndim() > 0 => {
                let flat = t.reshape(&[-1])?;
                let sizes: Vec<isize> = t.dims().iter().map(|n| *n as isize).collect();
                result = result.index_select(dim, &flat)?.unflatten(dim, &sizes)?;
                dim += sizes.len() as isize;
            }
            Value::List(_) => {
                let picked: Vec<i32> = index.items()?.iter().map(|v| Ok(v.as_int()? as i32)).collect::<Result<_>>()?;
                let picked = Tensor::from_slice(&picked, [picked.len()], &tensor.device())?;
                result = result.index_select(dim, &picked)?;
                dim += 1;
            }
            Value::Bool(_) => return Err(Error::unknown("a bool as an index")),
            other => result = result.select(dim, other.as_int()? as isize)?,
        }
    }
    // `x[...]` is a view of everything.
    if indices.iter().all(|v| matches!(v, Value::Ellipsis)) { Ok(result.slice(0, None, None, 1)?) } else { Ok(result) }
}

/// Executes `tensor[index] = value`.
///
/// # Errors
/// The tensor has no such element, or the value does not fit.
pub fn set_item(tensor: &Tensor, index: &Value, value: &Value) -> Result<()> {
    let part = item(tensor, index)?;
    match value {
        Value::Tensor(new) => part.copy_(new)?,
        other => part.fill_(other.as_number()?)?,
    }
    Ok(())
}

//! Several tensors as one flat run of elements, and back. Joining copies, unless the tensors already lie one after
//! the other in one value, as an optimizer's parameters do after its first step. It knows layouts, no rule.

use std::rc::Rc;

use crate::tensor::Shape;
use crate::{Error, Result, Tensor};

/// All elements of `tensors` in order, as one dimension. At least one tensor.
///
/// # Errors
/// Tensors of different types or devices.
pub(super) fn join(tensors: &[Tensor]) -> Result<Tensor> {
    if let Some(found) = found(tensors)? {
        return Ok(found);
    }
    let flat: Vec<Tensor> = tensors.iter().map(|t| t.reshape(&[-1])).collect::<Result<_>>()?;
    Tensor::cat(&flat.iter().collect::<Vec<_>>(), 0)
}

/// The run that the tensors already are, if they lie one after the other.
fn found(tensors: &[Tensor]) -> Result<Option<Tensor>> {
    let first = tensors.first().ok_or_else(|| Error::internal("an optimizer joined nothing"))?.operand();
    let start = first.layout.offset;
    let mut at = start;
    for tensor in tensors {
        let here = tensor.operand();
        if !Rc::ptr_eq(&here.value, &first.value) || here.layout.offset != at || !here.layout.is_contiguous() {
            return Ok(None);
        }
        at += tensor.numel();
    }
    let len = first.value.len;
    let whole = Tensor::from_value(first.value, Shape::from(len));
    if at - start == len { Ok(Some(whole)) } else { whole.narrow(0, start as isize, at - start).map(Some) }
}

/// The elements of `flat` from `offset` on, in a shape.
///
/// # Errors
/// There are not as many.
pub(super) fn part(flat: &Tensor, offset: usize, shape: &Shape) -> Result<Tensor> {
    flat.narrow(0, offset as isize, shape.numel())?.reshape_to(shape)
}

/// Has every tensor that is all of its storage, and whose elements `flat` holds in its place, lie there: then nothing
/// else keeps the elements where they were made, and they can be made in `flat`.
pub(super) fn point_into(flat: &Tensor, tensors: &[Tensor]) {
    let operand = flat.operand();
    let mut offset = operand.layout.offset;
    for tensor in tensors {
        if tensor.is_whole_storage() {
            tensor.move_to(operand.value.clone(), offset);
        }
        offset += tensor.numel();
    }
}

/// Gives every tensor its part of `flat`, in place; those that are all of their storage point into `flat` from
/// now on.
///
/// # Errors
/// The device cannot compute.
pub(super) fn scatter(flat: &Tensor, tensors: &[Tensor]) -> Result<()> {
    let flat = if flat.is_whole_storage() { flat.clone() } else { flat.copy()? };
    let operand = flat.operand();
    let mut offset = operand.layout.offset;
    for tensor in tensors {
        if tensor.is_whole_storage() {
            tensor.replace_with_part(operand.value.clone(), offset);
        } else {
            tensor.set_(&part(&flat, offset - operand.layout.offset, tensor.shape())?)?;
        }
        offset += tensor.numel();
    }
    Ok(())
}

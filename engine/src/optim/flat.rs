//! Tensors as one flat run of elements, and back. Concatenation copies, unless the tensors are
//! already consecutive slices of one value, as an optimizer's parameters are after its first step.
//! The module knows layouts, no rule.

use std::rc::Rc;

use crate::tensor::Shape;
use crate::{Error, Result, Tensor};

/// Concatenates `tensors`, at least one, into one dimension.
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

/// Returns the existing run if the tensors are consecutive slices of one.
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

/// Returns the elements of `flat` from `offset` on, in a shape.
///
/// # Errors
/// There are not enough elements.
pub(super) fn part(flat: &Tensor, offset: usize, shape: &Shape) -> Result<Tensor> {
    flat.narrow(0, offset as isize, shape.numel())?.reshape_to(shape)
}

/// Makes every tensor that owns all of its storage a slice of `flat`, which holds the same
/// elements. No other memory then holds the elements, and they can be computed directly into
/// `flat`.
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

/// Assigns every tensor its part of `flat`, in place; tensors that own all of their storage become
/// slices of `flat`.
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

//! `clip_grad_norm_`, `clip_grad_value_`: gradients made smaller before a step. They are joined to one flat value,
//! which the optimizer then takes as it is.

use super::flat;
use crate::{Error, Result, Tensor, no_grad};

/// Scales the gradients of `parameters` by min(1, max_norm / (total + 1e-6)), where total is the norm of all of them
/// together, and returns total. Nothing is read back. `norm_type` is 2 for the usual norm; infinity is the largest
/// absolute value. Parameters without a gradient do not count.
/// [torch.nn.utils.clip_grad_norm_](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html)
///
/// # Errors
/// No parameters; gradients of several types or devices.
pub fn clip_grad_norm_(parameters: &[Tensor], max_norm: f64, norm_type: f64) -> Result<Tensor> {
    let clip = |grads: &Tensor| {
        let total = grads.norm(norm_type, None, false)?;
        let scale = total.add_scalar(1e-6)?.rdiv_scalar(max_norm)?.clamp(None, Some(1.0))?;
        Ok((grads.mul(&scale)?, total))
    };
    match no_grad(|| change(parameters, clip))? {
        Some(total) => Ok(total),
        None => match parameters.first() {
            Some(like) => Tensor::zeros(crate::tensor::Shape::default(), (like.dtype(), &like.device())),
            None => Err(Error::value("clip_grad_norm_", "got an empty parameter list")),
        },
    }
}

/// Cuts every gradient to −clip_value … clip_value.
/// [torch.nn.utils.clip_grad_value_](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html)
///
/// # Errors
/// Gradients of several types or devices.
pub fn clip_grad_value_(parameters: &[Tensor], clip_value: f64) -> Result<()> {
    let clip = |grads: &Tensor| Ok((grads.clamp(Some(-clip_value), Some(clip_value))?, ()));
    no_grad(|| change(parameters, clip))?;
    Ok(())
}

/// Replaces the gradients by what `f` makes of all of them, if there are any.
fn change<T>(parameters: &[Tensor], f: impl FnOnce(&Tensor) -> Result<(Tensor, T)>) -> Result<Option<T>> {
    let with: Vec<(&Tensor, Tensor)> = parameters.iter().filter_map(|p| p.grad().map(|grad| (p, grad))).collect();
    if with.is_empty() {
        return Ok(None);
    }
    let grads: Vec<Tensor> = with.iter().map(|(_, grad)| grad.clone()).collect();
    let (new, result) = f(&flat::join(&grads)?)?;
    let mut offset = 0;
    for (parameter, grad) in with {
        parameter.set_grad(Some(flat::part(&new, offset, grad.shape())?));
        offset += grad.numel();
    }
    Ok(Some(result))
}

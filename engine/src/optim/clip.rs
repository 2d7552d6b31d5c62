//! `clip_grad_norm_`, `clip_grad_value_`: gradient clipping before a step. Gradients are
//! concatenated into one flat value, which the optimizer then uses as it is.

use super::flat;
use crate::{Error, Result, Tensor, no_grad};

/// Scales the gradients of `parameters` by min(1, max_norm / (total + 1e-6)), where total is the
/// norm of all of them together, and returns total. Nothing is read back. `norm_type` is 2 for the
/// Euclidean norm and infinity for the largest absolute value. Parameters without a gradient are
/// skipped.
/// [torch.nn.utils.clip_grad_norm_](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html)
///
/// ```
/// use kindling::optim::clip_grad_norm_;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.5_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// x.square()?.sum()?.backward()?;
/// clip_grad_norm_(&[x.clone()], 1.0, 2.0)?;
/// assert_eq!(x.grad().map(|grad| grad.to_string()).as_deref(), Some("tensor([0.6000, 0.8000])"));
/// # Ok::<(), kindling::Error>(())
/// ```
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

/// Clamps every gradient to −clip_value … clip_value.
/// [torch.nn.utils.clip_grad_value_](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html)
///
/// ```
/// use kindling::optim::clip_grad_value_;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.5_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// x.square()?.sum()?.backward()?;
/// clip_grad_value_(&[x.clone()], 1.0)?;
/// assert_eq!(x.grad().map(|grad| grad.to_string()).as_deref(), Some("tensor([1., 1.])"));
/// # Ok::<(), kindling::Error>(())
/// ```
///
/// # Errors
/// Gradients of several types or devices.
pub fn clip_grad_value_(parameters: &[Tensor], clip_value: f64) -> Result<()> {
    let clip = |grads: &Tensor| Ok((grads.clamp(Some(-clip_value), Some(clip_value))?, ()));
    no_grad(|| change(parameters, clip))?;
    Ok(())
}

/// Replaces the gradients by `f` of all of them, if there are any.
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

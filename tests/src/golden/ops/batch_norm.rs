//! Normalization over the batch.

use kindling::Tensor;

use super::super::{Call, Outcome};

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    match call.op.as_str() {
        "batch_norm1d" | "batch_norm2d" => Some(batch_norm(call)),
        _ => None,
    }
}

fn batch_norm(call: &Call) -> Outcome {
    // The call changes the running statistics, which the case's own tensors must survive.
    let copy = |role: &str| call.optional(role).map(Tensor::copy).transpose();
    let (mean, var) = (copy("running_mean")?, copy("running_var")?);
    let output = call.input("input")?.batch_norm(
        mean.as_ref(),
        var.as_ref(),
        call.optional("weight"),
        call.optional("bias"),
        call.flag("training")?,
        call.number("momentum")?,
        call.number("eps")?,
    )?;
    Ok([Some(output), mean, var].into_iter().flatten().collect())
}

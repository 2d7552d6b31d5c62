//! The family `group_norm`.

use kindling::Tensor;

use super::super::{Call, Outcome};
use super::one;

/// Calls it, if it is one of these.
pub fn call(call: &Call) -> Option<Outcome> {
    Some(match call.op.as_str() {
        "group_norm" => group_norm(call),
        "instance_norm" => instance_norm(call),
        _ => return None,
    })
}

fn group_norm(call: &Call) -> Outcome {
    let (weight, bias) = (call.optional("weight"), call.optional("bias"));
    one(call.input("input")?.group_norm(call.sizes("num_groups")?[0], weight, bias, call.number("eps")?))
}

fn instance_norm(call: &Call) -> Outcome {
    // The call changes the running statistics, which the case's own tensors must survive.
    let copy = |role: &str| call.optional(role).map(Tensor::copy).transpose();
    let (mean, var) = (copy("running_mean")?, copy("running_var")?);
    let output = call.input("input")?.instance_norm(
        mean.as_ref(),
        var.as_ref(),
        call.optional("weight"),
        call.optional("bias"),
        call.flag("use_input_stats")?,
        call.number("momentum")?,
        call.number("eps")?,
    )?;
    Ok([Some(output), mean, var].into_iter().flatten().collect())
}

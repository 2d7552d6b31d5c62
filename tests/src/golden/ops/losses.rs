//! Losses of numbers.

use kindling::Tensor;
use kindling::ops::Reduction;

use super::super::{Call, Failure, Outcome};
use super::one;

/// Calls the operation if it is in this file.
pub fn call(call: &Call) -> Option<Outcome> {
    let known = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "bce_with_logits", "bce", "kl_div"];
    known.contains(&call.op.as_str()).then(|| {
        let (x, t, reduction) = arguments(call)?;
        let weight = call.optional("weight");
        one(match call.op.as_str() {
            "mse_loss" => x.mse_loss(t, reduction),
            "l1_loss" => x.l1_loss(t, reduction),
            "smooth_l1_loss" => x.smooth_l1_loss(t, call.number("beta")?, reduction),
            "huber_loss" => x.huber_loss(t, call.number("delta")?, reduction),
            "bce_with_logits" => x.bce_with_logits(t, weight, call.optional("pos_weight"), reduction),
            "bce" => x.bce(t, weight, reduction),
            _ => x.kl_div(t, reduction, call.flag("log_target")?),
        })
    })
}

fn arguments(call: &Call) -> Result<(&Tensor, &Tensor, Reduction), Failure> {
    Ok((call.input("input")?, call.input("target")?, call.text("reduction")?.parse()?))
}

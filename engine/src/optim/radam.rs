//! `RAdam`: Adam with a rectified variance, which scales steps once the average of squares is
//! reliable.

use super::options::options;
use super::rule::{self, average, decayed};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// RAdam: [`Adam`](super::Adam), with ρ∞ = 2/(1 − β₂) − 1 and ρₜ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ): while ρₜ ≤
/// 5, θ ← θ − η·m̂; then θ ← θ − η·m̂·r/(√v̂ + ε) with r = √((ρₜ − 4)(ρₜ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ −
/// 2)ρₜ)).
/// [torch.optim.RAdam](https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html)
///
/// ```
/// use kindling::optim::RAdam;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.0_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = RAdam::new([x.clone()], 0.1);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_eq!(x.detach().to_string(), "tensor([0.8000, 1.6000])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type RAdam = Optimizer<RAdamOptions>;

options! {
    RAdam(RAdamOptions), momentum = betas[0];

    /// Learning rate.
    lr: f64 = 1e-3;
    /// Coefficients of the running averages of the gradient and its square.
    .betas: [f64; 2] = [0.9, 0.999];
    /// Term added to the denominator.
    .eps: f64 = 1e-8;
    /// L2 penalty.
    .weight_decay: f64 = 0.0;
    /// Decays the parameters directly, as AdamW does.
    .decoupled_weight_decay: bool = false;
    /// Ascends instead of descending.
    maximize: bool = false;
}

impl UpdateRule for RAdamOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "exp_avg", "exp_avg_sq"]
    }

    fn check(&self) -> Result<()> {
        rule::not_negative("RAdam", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        rule::betas("RAdam", self.betas)
    }

    fn update(&self, param: &Tensor, grad: &Tensor, _shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        let (param, grad) =
            decayed(param, grad, (self.lr, self.weight_decay), self.decoupled_weight_decay, self.maximize)?;
        let step = state.count();
        let [beta1, beta2] = self.betas;
        let mean = average(&state.get_or("exp_avg", 0.0, &param)?, &grad, beta1)?;
        state.set("exp_avg", &mean);
        let square = average(&state.get_or("exp_avg_sq", 0.0, &param)?, &grad.mul(&grad)?, beta2)?;
        state.set("exp_avg_sq", &square);
        let (correction1, correction2) = (1.0 - beta1.powf(step), 1.0 - beta2.powf(step));
        let longest = 2.0 / (1.0 - beta2) - 1.0;
        let length = longest - 2.0 * step * beta2.powf(step) / correction2;
        if length <= 5.0 {
            return param.sub(&mean.mul_scalar(self.lr / correction1)?);
        }
        let rectified =
            ((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length)).sqrt();
        let scaled = mean.div(&square.sqrt()?.add_scalar(self.eps)?)?;
        param.sub(&scaled.mul_scalar(self.lr * rectified * correction2.sqrt() / correction1)?)
    }
}

//! `NAdam`: Adam with Nesterov momentum.

use super::options::options;
use super::rule::{self, average, decayed};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// NAdam: [`Adam`](super::Adam) with μₜ = β₁(1 − 0.96^(tψ)/2), ψ the `momentum_decay`, and θ ← θ −
/// η·((1 − μₜ)/(1 − Πμ)·g + μₜ₊₁/(1 − Πμ·μₜ₊₁)·m) / (√v̂ + ε).
/// [torch.optim.NAdam](https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html)
///
/// ```
/// use kindling::optim::NAdam;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.0_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = NAdam::new([x.clone()], 0.1);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_eq!(x.detach().to_string(), "tensor([0.8944, 1.8944])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type NAdam = Optimizer<NAdamOptions>;

options! {
    NAdam(NAdamOptions), momentum = betas[0];

    /// Learning rate.
    lr: f64 = 2e-3;
    /// Coefficients of the running averages of the gradient and its square.
    .betas: [f64; 2] = [0.9, 0.999];
    /// Term added to the denominator.
    .eps: f64 = 1e-8;
    /// L2 penalty.
    .weight_decay: f64 = 0.0;
    /// Decay ψ of the momentum schedule.
    .momentum_decay: f64 = 4e-3;
    /// Decays the parameters directly, as AdamW does.
    .decoupled_weight_decay: bool = false;
    /// Ascends instead of descending.
    maximize: bool = false;
}

impl UpdateRule for NAdamOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "mu_product", "exp_avg", "exp_avg_sq"]
    }

    fn check(&self) -> Result<()> {
        let numbers = [("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)];
        rule::not_negative("NAdam", &numbers)?;
        rule::not_negative("NAdam", &[("momentum_decay", self.momentum_decay)])?;
        rule::betas("NAdam", self.betas)
    }

    fn update(&self, param: &Tensor, grad: &Tensor, _shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        let (param, grad) =
            decayed(param, grad, (self.lr, self.weight_decay), self.decoupled_weight_decay, self.maximize)?;
        let step = state.count();
        let [beta1, beta2] = self.betas;
        let momentum = |t: f64| beta1 * (1.0 - 0.5 * 0.96f64.powf(t * self.momentum_decay));
        let (now, next) = (momentum(step), momentum(step + 1.0));
        let product = state.number("mu_product", 1.0) * now;
        state.set_number("mu_product", product);
        let mean = average(&state.get_or("exp_avg", 0.0, &param)?, &grad, beta1)?;
        state.set("exp_avg", &mean);
        let square = average(&state.get_or("exp_avg_sq", 0.0, &param)?, &grad.mul(&grad)?, beta2)?;
        state.set("exp_avg_sq", &square);
        let correction = 1.0 - beta2.powf(step);
        let denominator = square.mul_scalar(1.0 / correction)?.sqrt()?.add_scalar(self.eps)?;
        let of_grad = grad.mul_scalar(self.lr * (1.0 - now) / (1.0 - product))?;
        let of_mean = mean.mul_scalar(self.lr * next / (1.0 - product * next))?;
        param.sub(&of_grad.add(&of_mean)?.div(&denominator)?)
    }
}

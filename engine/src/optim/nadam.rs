//! `NAdam`: Adam with Nesterov's look-ahead.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, decayed, numbers};
use super::{Optimizer, Rule, State};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`NAdam`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NAdamOptions {
    /// Learning rate.
    pub lr: f64,
    /// How much is kept of the averages of the gradient and of its square.
    pub betas: [f64; 2],
    /// Added to the denominator.
    pub eps: f64,
    /// The L2 penalty.
    pub weight_decay: f64,
    /// How fast the momentum reaches its full value.
    pub momentum_decay: f64,
    /// Decay the parameters themselves, as AdamW does.
    pub decoupled_weight_decay: bool,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for NAdamOptions {
    fn default() -> Self {
        Self {
            lr: 2e-3,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            momentum_decay: 4e-3,
            decoupled_weight_decay: false,
            maximize: false,
        }
    }
}

/// As [`Adam`](super::Adam) with μₜ = β₁(1 − 0.96^(tψ)/2), ψ the `momentum_decay`, and
/// θ ← θ − η·((1 − μₜ)/(1 − Πμ)·g + μₜ₊₁/(1 − Πμ·μₜ₊₁)·m) / (√v̂ + ε).
/// [torch.optim.NAdam](https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html)
pub type NAdam = Optimizer<NAdamOptions>;

impl NAdam {
    /// Over these parameters, at a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::of(parameters, NAdamOptions { lr, ..NAdamOptions::default() })
    }

    /// How much is kept of the averages of the gradient and of its square; [0.9, 0.999] by default.
    #[must_use]
    pub fn betas(self, betas: [f64; 2]) -> Self {
        self.with(|rule| rule.betas = betas)
    }

    /// Added to the denominator; 1e-8 by default.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        self.with(|rule| rule.eps = eps)
    }

    /// The L2 penalty; 0.0 by default.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        self.with(|rule| rule.weight_decay = weight_decay)
    }

    /// How fast the momentum reaches its full value; 4e-3 by default.
    #[must_use]
    pub fn momentum_decay(self, momentum_decay: f64) -> Self {
        self.with(|rule| rule.momentum_decay = momentum_decay)
    }

    /// Decay the parameters themselves, as AdamW does; false by default.
    #[must_use]
    pub fn decoupled_weight_decay(self, decoupled_weight_decay: bool) -> Self {
        self.with(|rule| rule.decoupled_weight_decay = decoupled_weight_decay)
    }
}

numbers!(NAdamOptions, NAdam, momentum = betas[0]);

impl Rule for NAdamOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "mu_product", "exp_avg", "exp_avg_sq"]
    }

    fn check(&self) -> Result<()> {
        let numbers = [("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)];
        rule::not_negative("NAdam", &numbers)?;
        rule::not_negative("NAdam", &[("momentum_decay", self.momentum_decay)])?;
        rule::fraction("NAdam", &[("betas[0]", self.betas[0]), ("betas[1]", self.betas[1])])
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

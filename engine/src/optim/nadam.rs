//! `NAdam`: Adam with Nesterov momentum.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, decayed, numbers};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`NAdam`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NAdamOptions {
    /// Learning rate.
    pub lr: f64,
    /// Coefficients of the running averages of the gradient and its square, 0.9 and 0.999 by
    /// default.
    pub betas: [f64; 2],
    /// Term added to the denominator, 1e-8 by default.
    pub eps: f64,
    /// L2 penalty, 0 by default.
    pub weight_decay: f64,
    /// Decay ψ of the momentum schedule, 4e-3 by default.
    pub momentum_decay: f64,
    /// Decays the parameters directly, as AdamW does; `false` by default.
    pub decoupled_weight_decay: bool,
    /// Ascends instead of descending; `false` by default.
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

impl NAdam {
    /// Creates an optimizer of these parameters with a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::with_rule(parameters, NAdamOptions { lr, ..NAdamOptions::default() })
    }

    /// Sets the coefficients of the running averages of the gradient and its square; 0.9 and 0.999
    /// by default.
    #[must_use]
    pub fn betas(self, betas: [f64; 2]) -> Self {
        self.with(|rule| rule.betas = betas)
    }

    /// Sets the term added to the denominator, 1e-8 by default.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        self.with(|rule| rule.eps = eps)
    }

    /// Sets the L2 penalty, 0 by default.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        self.with(|rule| rule.weight_decay = weight_decay)
    }

    /// Sets the decay of the momentum schedule, 4e-3 by default.
    #[must_use]
    pub fn momentum_decay(self, momentum_decay: f64) -> Self {
        self.with(|rule| rule.momentum_decay = momentum_decay)
    }

    /// Sets decay of the parameters directly, as AdamW does; off by default.
    #[must_use]
    pub fn decoupled_weight_decay(self, decoupled_weight_decay: bool) -> Self {
        self.with(|rule| rule.decoupled_weight_decay = decoupled_weight_decay)
    }
}

numbers!(NAdamOptions, NAdam, momentum = betas[0]);

impl UpdateRule for NAdamOptions {
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

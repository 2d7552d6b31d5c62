//! `Adamax`: Adam with the largest recent gradient in place of the root mean square.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, numbers, penalized};
use super::{Optimizer, Rule, State};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`Adamax`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamaxOptions {
    /// Learning rate.
    pub lr: f64,
    /// How much is kept of the averages of the gradient and of its square.
    pub betas: [f64; 2],
    /// Added to the denominator.
    pub eps: f64,
    /// The L2 penalty.
    pub weight_decay: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for AdamaxOptions {
    fn default() -> Self {
        Self { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0, maximize: false }
    }
}

/// g ← g + λθ; m ← β₁m + (1 − β₁)g; u ← max(β₂u, |g| + ε); θ ← θ − η/(1 − β₁ᵗ) · m/u.
/// [torch.optim.Adamax](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html)
pub type Adamax = Optimizer<AdamaxOptions>;

impl Adamax {
    /// Over these parameters, at a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::of(parameters, AdamaxOptions { lr, ..AdamaxOptions::default() })
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
}

numbers!(AdamaxOptions, Adamax, momentum = betas[0]);

impl Rule for AdamaxOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "exp_avg", "exp_inf"]
    }

    fn check(&self) -> Result<()> {
        rule::not_negative("Adamax", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        rule::fraction("Adamax", &[("betas[0]", self.betas[0]), ("betas[1]", self.betas[1])])
    }

    fn update(&self, param: &Tensor, grad: &Tensor, _shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        let grad = penalized(param, grad, self.weight_decay, self.maximize)?;
        let step = state.count();
        let mean = average(&state.get_or("exp_avg", 0.0, param)?, &grad, self.betas[0])?;
        state.set("exp_avg", &mean);
        let before = state.get_or("exp_inf", 0.0, param)?.mul_scalar(self.betas[1])?;
        let largest = before.maximum(&grad.abs()?.add_scalar(self.eps)?)?;
        state.set("exp_inf", &largest);
        param.sub(&mean.div(&largest)?.mul_scalar(self.lr / (1.0 - self.betas[0].powf(step)))?)
    }
}

//! `RAdam`: Adam with a rectified variance, which scales steps once the average of squares is
//! reliable.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, decayed, numbers};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`RAdam`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RAdamOptions {
    /// Learning rate.
    pub lr: f64,
    /// Coefficients of the running averages of the gradient and its square, 0.9 and 0.999 by
    /// default.
    pub betas: [f64; 2],
    /// Term added to the denominator, 1e-8 by default.
    pub eps: f64,
    /// L2 penalty, 0 by default.
    pub weight_decay: f64,
    /// Decays the parameters directly, as AdamW does; `false` by default.
    pub decoupled_weight_decay: bool,
    /// Ascends instead of descending; `false` by default.
    pub maximize: bool,
}

impl Default for RAdamOptions {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled_weight_decay: false,
            maximize: false,
        }
    }
}

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

impl RAdam {
    /// Creates an optimizer of these parameters with a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::with_rule(parameters, RAdamOptions { lr, ..RAdamOptions::default() })
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

    /// Sets decay of the parameters directly, as AdamW does; off by default.
    #[must_use]
    pub fn decoupled_weight_decay(self, decoupled_weight_decay: bool) -> Self {
        self.with(|rule| rule.decoupled_weight_decay = decoupled_weight_decay)
    }
}

numbers!(RAdamOptions, RAdam, momentum = betas[0]);

impl UpdateRule for RAdamOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "exp_avg", "exp_avg_sq"]
    }

    fn check(&self) -> Result<()> {
        rule::not_negative("RAdam", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        rule::fraction("RAdam", &[("betas[0]", self.betas[0]), ("betas[1]", self.betas[1])])
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

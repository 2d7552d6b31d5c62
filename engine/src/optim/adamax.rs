//! `Adamax`: Adam with the infinity norm of recent gradients instead of the root mean square.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, numbers, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`Adamax`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamaxOptions {
    /// Learning rate.
    pub lr: f64,
    /// Coefficients of the running averages of the gradient and its square, 0.9 and 0.999 by
    /// default.
    pub betas: [f64; 2],
    /// Term added to the denominator, 1e-8 by default.
    pub eps: f64,
    /// L2 penalty, 0 by default.
    pub weight_decay: f64,
    /// Ascends instead of descending; `false` by default.
    pub maximize: bool,
}

impl Default for AdamaxOptions {
    fn default() -> Self {
        Self { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0, maximize: false }
    }
}

/// Adamax: g ← g + λθ; m ← β₁m + (1 − β₁)g; u ← max(β₂u, |g| + ε); θ ← θ − η/(1 − β₁ᵗ) · m/u.
/// [torch.optim.Adamax](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html)
///
/// ```
/// use kindling::optim::Adamax;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.0_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = Adamax::new([x.clone()], 0.1);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_eq!(x.detach().to_string(), "tensor([0.9000, 1.9000])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type Adamax = Optimizer<AdamaxOptions>;

impl Adamax {
    /// Creates an optimizer of these parameters with a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::with_rule(parameters, AdamaxOptions { lr, ..AdamaxOptions::default() })
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
}

numbers!(AdamaxOptions, Adamax, momentum = betas[0]);

impl UpdateRule for AdamaxOptions {
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

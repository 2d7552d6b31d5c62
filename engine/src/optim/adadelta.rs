//! `Adadelta`: step sizes adapted to recent gradients and recent steps.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, numbers, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`Adadelta`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdadeltaOptions {
    /// Learning rate.
    pub lr: f64,
    /// Coefficient of the running averages, 0.9 by default.
    pub rho: f64,
    /// Term added to the denominator, 1e-6 by default.
    pub eps: f64,
    /// L2 penalty, 0 by default.
    pub weight_decay: f64,
    /// Ascends instead of descending; `false` by default.
    pub maximize: bool,
}

impl Default for AdadeltaOptions {
    fn default() -> Self {
        Self { lr: 1.0, rho: 0.9, eps: 1e-6, weight_decay: 0.0, maximize: false }
    }
}

/// Adadelta: g ← g + λθ; s ← ρs + (1 − ρ)g²; d = √((a + ε)/(s + ε))·g; a ← ρa + (1 − ρ)d²; θ ← θ −
/// ηd.
/// [torch.optim.Adadelta](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html)
///
/// ```
/// use kindling::optim::Adadelta;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.0_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = Adadelta::new([x.clone()], 1.0);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_eq!(x.detach().to_string(), "tensor([0.9968, 1.9968])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type Adadelta = Optimizer<AdadeltaOptions>;

impl Adadelta {
    /// Creates an optimizer of these parameters with a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::with_rule(parameters, AdadeltaOptions { lr, ..AdadeltaOptions::default() })
    }

    /// Sets the coefficient of the running averages, 0.9 by default.
    #[must_use]
    pub fn rho(self, rho: f64) -> Self {
        self.with(|rule| rule.rho = rho)
    }

    /// Sets the term added to the denominator, 1e-6 by default.
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

numbers!(AdadeltaOptions, Adadelta);

impl UpdateRule for AdadeltaOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "square_avg", "acc_delta"]
    }

    fn check(&self) -> Result<()> {
        rule::not_negative("Adadelta", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        rule::require("Adadelta", "rho", self.rho, (0.0..=1.0).contains(&self.rho), "between 0 and 1")
    }

    fn update(&self, param: &Tensor, grad: &Tensor, _shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        let grad = penalized(param, grad, self.weight_decay, self.maximize)?;
        state.count();
        let square = average(&state.get_or("square_avg", 0.0, param)?, &grad.mul(&grad)?, self.rho)?;
        state.set("square_avg", &square);
        let moved = state.get_or("acc_delta", 0.0, param)?;
        let root = |x: &Tensor| x.add_scalar(self.eps)?.sqrt();
        let delta = root(&moved)?.div(&root(&square)?)?.mul(&grad)?;
        state.set("acc_delta", &average(&moved, &delta.mul(&delta)?, self.rho)?);
        param.sub(&delta.mul_scalar(self.lr)?)
    }
}

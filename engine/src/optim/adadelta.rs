//! `Adadelta`: steps as large as recent steps were for gradients of this size.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, numbers, penalized};
use super::{Optimizer, Rule, State};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`Adadelta`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdadeltaOptions {
    /// Learning rate.
    pub lr: f64,
    /// How much is kept of the averages.
    pub rho: f64,
    /// Added to the denominator.
    pub eps: f64,
    /// The L2 penalty.
    pub weight_decay: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for AdadeltaOptions {
    fn default() -> Self {
        Self { lr: 1.0, rho: 0.9, eps: 1e-6, weight_decay: 0.0, maximize: false }
    }
}

/// g ← g + λθ; s ← ρs + (1 − ρ)g²; d = √((a + ε)/(s + ε))·g; a ← ρa + (1 − ρ)d²; θ ← θ − ηd.
/// [torch.optim.Adadelta](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html)
pub type Adadelta = Optimizer<AdadeltaOptions>;

impl Adadelta {
    /// Over these parameters, at a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::of(parameters, AdadeltaOptions { lr, ..AdadeltaOptions::default() })
    }

    /// How much is kept of the averages; 0.9 by default.
    #[must_use]
    pub fn rho(self, rho: f64) -> Self {
        self.with(|rule| rule.rho = rho)
    }

    /// Added to the denominator; 1e-6 by default.
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

numbers!(AdadeltaOptions, Adadelta);

impl Rule for AdadeltaOptions {
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

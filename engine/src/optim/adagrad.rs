//! `Adagrad`: steps divided by the root of the sum of all squared gradients.

use serde::{Deserialize, Serialize};

use super::rule::{self, numbers, penalized};
use super::{Optimizer, Rule, State};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`Adagrad`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdagradOptions {
    /// Learning rate.
    pub lr: f64,
    /// How fast the learning rate falls.
    pub lr_decay: f64,
    /// The L2 penalty.
    pub weight_decay: f64,
    /// What the sum begins with.
    pub initial_accumulator_value: f64,
    /// Added to the denominator.
    pub eps: f64,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for AdagradOptions {
    fn default() -> Self {
        Self { lr: 0.01, lr_decay: 0.0, weight_decay: 0.0, initial_accumulator_value: 0.0, eps: 1e-10, maximize: false }
    }
}

/// g ← g + λθ; s ← s + g²; θ ← θ − η/(1 + (t − 1)·lr_decay) · g/(√s + ε).
/// [torch.optim.Adagrad](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html)
pub type Adagrad = Optimizer<AdagradOptions>;

impl Adagrad {
    /// Over these parameters, at a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::of(parameters, AdagradOptions { lr, ..AdagradOptions::default() })
    }

    /// How fast the learning rate falls; 0.0 by default.
    #[must_use]
    pub fn lr_decay(self, lr_decay: f64) -> Self {
        self.with(|rule| rule.lr_decay = lr_decay)
    }

    /// The L2 penalty; 0.0 by default.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        self.with(|rule| rule.weight_decay = weight_decay)
    }

    /// What the sum begins with; 0.0 by default.
    #[must_use]
    pub fn initial_accumulator_value(self, initial_accumulator_value: f64) -> Self {
        self.with(|rule| rule.initial_accumulator_value = initial_accumulator_value)
    }

    /// Added to the denominator; 1e-10 by default.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        self.with(|rule| rule.eps = eps)
    }
}

numbers!(AdagradOptions, Adagrad);

impl Rule for AdagradOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "sum"]
    }

    fn check(&self) -> Result<()> {
        rule::not_negative(
            "Adagrad",
            &[
                ("lr", self.lr),
                ("lr_decay", self.lr_decay),
                ("weight_decay", self.weight_decay),
                ("initial_accumulator_value", self.initial_accumulator_value),
                ("eps", self.eps),
            ],
        )
    }

    fn update(&self, param: &Tensor, grad: &Tensor, _shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        let grad = penalized(param, grad, self.weight_decay, self.maximize)?;
        let step = state.count();
        let sum = state.get_or("sum", self.initial_accumulator_value, param)?.add(&grad.mul(&grad)?)?;
        state.set("sum", &sum);
        let lr = self.lr / (1.0 + (step - 1.0) * self.lr_decay);
        param.sub(&grad.div(&sum.sqrt()?.add_scalar(self.eps)?)?.mul_scalar(lr)?)
    }
}

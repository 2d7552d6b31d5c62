//! `Adagrad`: steps divided by the root of the sum of all squared gradients.

use serde::{Deserialize, Serialize};

use super::rule::{self, numbers, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`Adagrad`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdagradOptions {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the learning rate, 0 by default.
    pub lr_decay: f64,
    /// L2 penalty, 0 by default.
    pub weight_decay: f64,
    /// Initial value of the sum of squares, 0 by default.
    pub initial_accumulator_value: f64,
    /// Term added to the denominator, 1e-10 by default.
    pub eps: f64,
    /// Ascends instead of descending; `false` by default.
    pub maximize: bool,
}

impl Default for AdagradOptions {
    fn default() -> Self {
        Self { lr: 0.01, lr_decay: 0.0, weight_decay: 0.0, initial_accumulator_value: 0.0, eps: 1e-10, maximize: false }
    }
}

/// Adagrad: g ← g + λθ; s ← s + g²; θ ← θ − η/(1 + (t − 1)·lr_decay) · g/(√s + ε).
/// [torch.optim.Adagrad](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html)
///
/// ```
/// use kindling::optim::Adagrad;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.0_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = Adagrad::new([x.clone()], 0.1);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_eq!(x.detach().to_string(), "tensor([0.9000, 1.9000])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type Adagrad = Optimizer<AdagradOptions>;

impl Adagrad {
    /// Creates an optimizer of these parameters with a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::with_rule(parameters, AdagradOptions { lr, ..AdagradOptions::default() })
    }

    /// Sets the decay of the learning rate, 0 by default.
    #[must_use]
    pub fn lr_decay(self, lr_decay: f64) -> Self {
        self.with(|rule| rule.lr_decay = lr_decay)
    }

    /// Sets the L2 penalty, 0 by default.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        self.with(|rule| rule.weight_decay = weight_decay)
    }

    /// Sets the initial value of the sum of squares, 0 by default.
    #[must_use]
    pub fn initial_accumulator_value(self, initial_accumulator_value: f64) -> Self {
        self.with(|rule| rule.initial_accumulator_value = initial_accumulator_value)
    }

    /// Sets the term added to the denominator, 1e-10 by default.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        self.with(|rule| rule.eps = eps)
    }
}

numbers!(AdagradOptions, Adagrad);

impl UpdateRule for AdagradOptions {
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

//! `RMSprop`: steps divided by a moving average of the gradient's size.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, numbers, penalized};
use super::{Optimizer, Rule, State};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`RmsProp`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsPropOptions {
    /// Learning rate.
    pub lr: f64,
    /// How much is kept of the average.
    pub alpha: f64,
    /// Added to the denominator.
    pub eps: f64,
    /// The L2 penalty.
    pub weight_decay: f64,
    /// How much of the last direction is kept.
    pub momentum: f64,
    /// Divide by the standard deviation instead of the root mean square.
    pub centered: bool,
    /// Climb instead of descend.
    pub maximize: bool,
}

impl Default for RmsPropOptions {
    fn default() -> Self {
        Self { lr: 0.01, alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false, maximize: false }
    }
}

/// g ← g + λθ; s ← αs + (1 − α)g²; with `centered` also a ← αa + (1 − α)g and s − a² in place of s; b ← μb + g/(√s + ε);
/// θ ← θ − ηb. [torch.optim.RMSprop](https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html)
pub type RmsProp = Optimizer<RmsPropOptions>;

impl RmsProp {
    /// Over these parameters, at a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::of(parameters, RmsPropOptions { lr, ..RmsPropOptions::default() })
    }

    /// How much is kept of the average; 0.99 by default.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> Self {
        self.with(|rule| rule.alpha = alpha)
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

    /// How much of the last direction is kept; 0.0 by default.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        self.with(|rule| rule.momentum = momentum)
    }

    /// Divide by the standard deviation instead of the root mean square; false by default.
    #[must_use]
    pub fn centered(self, centered: bool) -> Self {
        self.with(|rule| rule.centered = centered)
    }
}

numbers!(RmsPropOptions, RmsProp, momentum = momentum);

impl Rule for RmsPropOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "square_avg", "grad_avg", "momentum_buffer"]
    }

    fn check(&self) -> Result<()> {
        rule::not_negative(
            "RMSprop",
            &[
                ("lr", self.lr),
                ("eps", self.eps),
                ("weight_decay", self.weight_decay),
                ("momentum", self.momentum),
                ("alpha", self.alpha),
            ],
        )
    }

    fn update(&self, param: &Tensor, grad: &Tensor, _shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        let grad = penalized(param, grad, self.weight_decay, self.maximize)?;
        state.count();
        let square = average(&state.get_or("square_avg", 0.0, param)?, &grad.mul(&grad)?, self.alpha)?;
        state.set("square_avg", &square);
        let spread = if self.centered {
            let mean = average(&state.get_or("grad_avg", 0.0, param)?, &grad, self.alpha)?;
            state.set("grad_avg", &mean);
            // Rounding may leave the variance of a constant gradient just below zero.
            square.sub(&mean.mul(&mean)?)?.relu()?
        } else {
            square
        };
        let mut direction = grad.div(&spread.sqrt()?.add_scalar(self.eps)?)?;
        if self.momentum > 0.0 {
            direction = state.get_or("momentum_buffer", 0.0, param)?.mul_scalar(self.momentum)?.add(&direction)?;
            state.set("momentum_buffer", &direction);
        }
        param.sub(&direction.mul_scalar(self.lr)?)
    }
}

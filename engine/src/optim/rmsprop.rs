//! `RMSprop`: steps divided by a running root mean square of the gradient.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, numbers, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Hyper-parameters of [`RmsProp`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsPropOptions {
    /// Learning rate.
    pub lr: f64,
    /// Coefficient of the running average, 0.99 by default.
    pub alpha: f64,
    /// Term added to the denominator, 1e-8 by default.
    pub eps: f64,
    /// L2 penalty, 0 by default.
    pub weight_decay: f64,
    /// Momentum factor, 0 by default.
    pub momentum: f64,
    /// Divides by the standard deviation instead of the root mean square; `false` by default.
    pub centered: bool,
    /// Ascends instead of descending; `false` by default.
    pub maximize: bool,
}

impl Default for RmsPropOptions {
    fn default() -> Self {
        Self { lr: 0.01, alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false, maximize: false }
    }
}

/// RMSprop: g ← g + λθ; s ← αs + (1 − α)g²; with `centered` also a ← αa + (1 − α)g and s − a²
/// instead of s; b ← μb + g/(√s + ε); θ ← θ − ηb.
/// [torch.optim.RMSprop](https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html)
///
/// ```
/// use kindling::optim::RmsProp;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.0_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = RmsProp::new([x.clone()], 0.01).momentum(0.9);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_eq!(x.detach().to_string(), "tensor([0.9000, 1.9000])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type RmsProp = Optimizer<RmsPropOptions>;

impl RmsProp {
    /// Creates an optimizer of these parameters with a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::with_rule(parameters, RmsPropOptions { lr, ..RmsPropOptions::default() })
    }

    /// Sets the coefficient of the running average, 0.99 by default.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> Self {
        self.with(|rule| rule.alpha = alpha)
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

    /// Sets the momentum factor, 0 by default.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        self.with(|rule| rule.momentum = momentum)
    }

    /// Sets division by the standard deviation instead of the root mean square; off by default.
    #[must_use]
    pub fn centered(self, centered: bool) -> Self {
        self.with(|rule| rule.centered = centered)
    }
}

numbers!(RmsPropOptions, RmsProp, momentum = momentum);

impl UpdateRule for RmsPropOptions {
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

//! `SGD`: stochastic gradient descent, with momentum, dampening, Nesterov momentum and weight
//! decay.

use serde::{Deserialize, Serialize};

use super::rule::{self, numbers, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Error, Result, Tensor};

/// Hyper-parameters of [`Sgd`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdOptions {
    /// Learning rate.
    pub lr: f64,
    /// Momentum factor, 0 by default.
    pub momentum: f64,
    /// Dampening of the momentum, 0 by default.
    pub dampening: f64,
    /// L2 penalty, 0 by default.
    pub weight_decay: f64,
    /// Nesterov momentum, `false` by default; requires momentum and no dampening.
    pub nesterov: bool,
    /// Ascends instead of descending; `false` by default.
    pub maximize: bool,
}

impl Default for SgdOptions {
    fn default() -> Self {
        Self { lr: 1e-3, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false, maximize: false }
    }
}

/// SGD: g ← g + λθ; b ← μb + (1 − τ)g (initially b ← g); θ ← θ − η(nesterov ? g + μb : b).
/// [torch.optim.SGD](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html)
///
/// ```
/// use kindling::optim::Sgd;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.0_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = Sgd::new([x.clone()], 0.1).momentum(0.9);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_eq!(x.detach().to_string(), "tensor([0.8000, 1.6000])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type Sgd = Optimizer<SgdOptions>;

impl Sgd {
    /// Creates an optimizer of these parameters with a learning rate.
    pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
        Self::with_rule(parameters, SgdOptions { lr, ..SgdOptions::default() })
    }

    /// Sets the momentum factor, 0 by default.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        self.with(|rule| rule.momentum = momentum)
    }

    /// Sets the dampening of the momentum, 0 by default.
    #[must_use]
    pub fn dampening(self, dampening: f64) -> Self {
        self.with(|rule| rule.dampening = dampening)
    }

    /// Sets the L2 penalty, 0 by default.
    #[must_use]
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        self.with(|rule| rule.weight_decay = weight_decay)
    }

    /// Sets Nesterov momentum; off by default.
    #[must_use]
    pub fn nesterov(self, nesterov: bool) -> Self {
        self.with(|rule| rule.nesterov = nesterov)
    }
}

numbers!(SgdOptions, Sgd, momentum = momentum);

impl UpdateRule for SgdOptions {
    fn names(&self) -> &'static [&'static str] {
        &["momentum_buffer"]
    }

    fn check(&self) -> Result<()> {
        let numbers = [("lr", self.lr), ("momentum", self.momentum), ("weight_decay", self.weight_decay)];
        rule::not_negative("SGD", &numbers)?;
        if self.nesterov && (self.momentum <= 0.0 || self.dampening != 0.0) {
            return Err(Error::value("SGD", "Nesterov momentum requires a momentum and zero dampening"));
        }
        Ok(())
    }

    fn update(&self, param: &Tensor, grad: &Tensor, _shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        let grad = penalized(param, grad, self.weight_decay, self.maximize)?;
        if self.momentum == 0.0 {
            return param.sub(&grad.mul_scalar(self.lr)?);
        }
        let buffer = match state.get("momentum_buffer") {
            Some(buffer) => buffer.mul_scalar(self.momentum)?.add(&grad.mul_scalar(1.0 - self.dampening)?)?,
            None => grad.clone(),
        };
        state.set("momentum_buffer", &buffer);
        let direction = if self.nesterov { grad.add(&buffer.mul_scalar(self.momentum)?)? } else { buffer };
        param.sub(&direction.mul_scalar(self.lr)?)
    }
}

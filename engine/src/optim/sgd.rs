//! `SGD`: stochastic gradient descent, with momentum, dampening, Nesterov momentum and weight
//! decay.

use super::options::options;
use super::rule::{self, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Error, Result, Tensor};

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

options! {
    Sgd(SgdOptions), momentum = momentum;

    /// Learning rate.
    lr: f64 = 1e-3;
    /// Momentum factor.
    .momentum: f64 = 0.0;
    /// Dampening of the momentum.
    .dampening: f64 = 0.0;
    /// L2 penalty.
    .weight_decay: f64 = 0.0;
    /// Nesterov momentum; requires momentum and no dampening.
    .nesterov: bool = false;
    /// Ascends instead of descending.
    maximize: bool = false;
}

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

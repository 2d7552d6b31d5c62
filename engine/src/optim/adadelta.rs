//! `Adadelta`: step sizes adapted to recent gradients and recent steps.

use super::options::options;
use super::rule::{self, average, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

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

options! {
    Adadelta(AdadeltaOptions);

    /// Learning rate.
    lr: f64 = 1.0;
    /// Coefficient of the running averages.
    .rho: f64 = 0.9;
    /// Term added to the denominator.
    .eps: f64 = 1e-6;
    /// L2 penalty.
    .weight_decay: f64 = 0.0;
    /// Ascends instead of descending.
    maximize: bool = false;
}

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

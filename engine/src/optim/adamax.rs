//! `Adamax`: Adam with the infinity norm of recent gradients instead of the root mean square.

use super::options::options;
use super::rule::{self, average, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

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

options! {
    Adamax(AdamaxOptions), momentum = betas[0];

    /// Learning rate.
    lr: f64 = 2e-3;
    /// Coefficients of the running averages of the gradient and its square.
    .betas: [f64; 2] = [0.9, 0.999];
    /// Term added to the denominator.
    .eps: f64 = 1e-8;
    /// L2 penalty.
    .weight_decay: f64 = 0.0;
    /// Ascends instead of descending.
    maximize: bool = false;
}

impl UpdateRule for AdamaxOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "exp_avg", "exp_inf"]
    }

    fn check(&self) -> Result<()> {
        rule::not_negative("Adamax", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        rule::betas("Adamax", self.betas)
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

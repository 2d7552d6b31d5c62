//! `Adam`: steps scaled by moving averages of the gradient and of its square.

use super::options::options;
use super::rule::{self, average, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// Adam: g ← g + λθ; m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; θ ← θ − η·m̂ / (√v̂ + ε), where m̂
/// = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ).
/// [torch.optim.Adam](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html)
///
/// ```
/// use kindling::optim::Adam;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.0_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = Adam::new([x.clone()], 0.1);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_eq!(x.detach().to_string(), "tensor([0.9000, 1.9000])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type Adam = Optimizer<AdamOptions>;

options! {
    Adam(AdamOptions), momentum = betas[0];

    /// Learning rate.
    lr: f64 = 1e-3;
    /// Coefficients of the running averages of the gradient and its square.
    .betas: [f64; 2] = [0.9, 0.999];
    /// Term added to the denominator.
    .eps: f64 = 1e-8;
    /// L2 penalty.
    .weight_decay: f64 = 0.0;
    /// Divides by the maximum of the averages so far.
    .amsgrad: bool = false;
    /// Ascends instead of descending.
    maximize: bool = false;
}

impl UpdateRule for AdamOptions {
    fn names(&self) -> &'static [&'static str] {
        &["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
    }

    fn check(&self) -> Result<()> {
        rule::not_negative("Adam", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        rule::betas("Adam", self.betas)
    }

    fn update(&self, param: &Tensor, grad: &Tensor, _shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        let grad = penalized(param, grad, self.weight_decay, self.maximize)?;
        let [beta1, beta2] = self.betas;
        let step = state.count();
        let mean = average(&state.get_or("exp_avg", 0.0, param)?, &grad, beta1)?;
        state.set("exp_avg", &mean);
        let mut square = average(&state.get_or("exp_avg_sq", 0.0, param)?, &grad.mul(&grad)?, beta2)?;
        state.set("exp_avg_sq", &square);
        if self.amsgrad {
            square = state.get_or("max_exp_avg_sq", 0.0, param)?.maximum(&square)?;
            state.set("max_exp_avg_sq", &square);
        }
        let (correction1, correction2) = (1.0 - beta1.powf(step), 1.0 - beta2.powf(step));
        let denominator = square.sqrt()?.mul_scalar(1.0 / correction2.sqrt())?.add_scalar(self.eps)?;
        param.sub(&mean.div(&denominator)?.mul_scalar(self.lr / correction1)?)
    }
}

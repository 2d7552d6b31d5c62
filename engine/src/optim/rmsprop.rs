//! `RMSprop`: steps divided by a running root mean square of the gradient.

use super::options::options;
use super::rule::{self, average, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

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

options! {
    RmsProp(RmsPropOptions), momentum = momentum;

    /// Learning rate.
    lr: f64 = 0.01;
    /// Coefficient of the running average.
    .alpha: f64 = 0.99;
    /// Term added to the denominator.
    .eps: f64 = 1e-8;
    /// L2 penalty.
    .weight_decay: f64 = 0.0;
    /// Momentum factor.
    .momentum: f64 = 0.0;
    /// Divides by the standard deviation instead of the root mean square.
    .centered: bool = false;
    /// Ascends instead of descending.
    maximize: bool = false;
}

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

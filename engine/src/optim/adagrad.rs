//! `Adagrad`: steps divided by the root of the sum of all squared gradients.

use super::options::options;
use super::rule::{self, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

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

options! {
    Adagrad(AdagradOptions);

    /// Learning rate.
    lr: f64 = 0.01;
    /// Decay of the learning rate.
    .lr_decay: f64 = 0.0;
    /// L2 penalty.
    .weight_decay: f64 = 0.0;
    /// Initial value of the sum of squares.
    .initial_accumulator_value: f64 = 0.0;
    /// Term added to the denominator.
    .eps: f64 = 1e-10;
    /// Ascends instead of descending.
    maximize: bool = false;
}

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

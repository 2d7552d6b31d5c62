//! `AdamW`: Adam with decoupled weight decay.

use super::options::options;
use super::rule::{self, decayed};
use super::{AdamOptions, Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

/// AdamW: θ ← θ − ηλθ, then [`Adam`](super::Adam) without its L2 penalty.
/// [torch.optim.AdamW](https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html)
///
/// ```
/// use kindling::optim::AdamW;
/// use kindling::{Device, Tensor};
/// let x = Tensor::from_nested(&[1.0_f32, 2.0], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = AdamW::new([x.clone()], 0.1).weight_decay(0.1);
/// x.square()?.sum()?.backward()?;
/// optimizer.step()?;
/// assert_eq!(x.detach().to_string(), "tensor([0.8900, 1.8800])");
/// # Ok::<(), kindling::Error>(())
/// ```
pub type AdamW = Optimizer<AdamWOptions>;

options! {
    AdamW(AdamWOptions), momentum = betas[0];

    /// Learning rate.
    lr: f64 = 1e-3;
    /// Coefficients of the running averages of the gradient and its square.
    .betas: [f64; 2] = [0.9, 0.999];
    /// Term added to the denominator.
    .eps: f64 = 1e-8;
    /// Decoupled weight decay.
    .weight_decay: f64 = 0.01;
    /// Divides by the maximum of the averages so far.
    .amsgrad: bool = false;
    /// Ascends instead of descending.
    maximize: bool = false;
}

impl UpdateRule for AdamWOptions {
    fn names(&self) -> &'static [&'static str] {
        AdamOptions::default().names()
    }

    fn check(&self) -> Result<()> {
        rule::not_negative("AdamW", &[("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)])?;
        rule::betas("AdamW", self.betas)
    }

    fn update(&self, param: &Tensor, grad: &Tensor, shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        let Self { lr, betas, eps, weight_decay, amsgrad, maximize } = *self;
        let (param, grad) = decayed(param, grad, (lr, weight_decay), true, maximize)?;
        let adam = AdamOptions { lr, betas, eps, weight_decay: 0.0, amsgrad, maximize: false };
        adam.update(&param, &grad, shapes, state)
    }
}

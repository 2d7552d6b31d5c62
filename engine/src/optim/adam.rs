//! `Adam` and `AdamW`: steps scaled by moving averages of the gradient and of its square.

use serde::{Deserialize, Serialize};

use super::rule::{self, average, numbers, penalized};
use super::{Optimizer, State, UpdateRule};
use crate::tensor::Shape;
use crate::{Result, Tensor};

macro_rules! options {
    ($name:ident, $of:ident, $decay:literal) => {
        #[doc = concat!("Hyper-parameters of [`", stringify!($of), "`], with PyTorch's defaults.")]
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Learning rate.
            pub lr: f64,
            /// Coefficients of the running averages of the gradient and its square, 0.9 and 0.999
            /// by default.
            pub betas: [f64; 2],
            /// Term added to the denominator, 1e-8 by default.
            pub eps: f64,
            /// Weight decay: an L2 penalty for Adam (0 by default), decoupled for AdamW (0.01 by
            /// default).
            pub weight_decay: f64,
            /// Divides by the maximum of the averages so far; `false` by default.
            pub amsgrad: bool,
            /// Ascends instead of descending; `false` by default.
            pub maximize: bool,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weight_decay: $decay, amsgrad: false, maximize: false }
            }
        }

        impl $of {
            /// Creates an optimizer of these parameters with a learning rate.
            pub fn new(parameters: impl IntoIterator<Item = Tensor>, lr: f64) -> Self {
                Self::with_rule(parameters, $name { lr, ..$name::default() })
            }

            /// Sets the coefficients of the running averages of the gradient and its square; 0.9
            /// and 0.999 by default.
            #[must_use]
            pub fn betas(self, betas: [f64; 2]) -> Self {
                self.with(|rule| rule.betas = betas)
            }

            /// Sets the term added to the denominator, 1e-8 by default.
            #[must_use]
            pub fn eps(self, eps: f64) -> Self {
                self.with(|rule| rule.eps = eps)
            }

            #[doc = concat!("Weight decay; ", stringify!($decay), " by default.")]
            #[must_use]
            pub fn weight_decay(self, weight_decay: f64) -> Self {
                self.with(|rule| rule.weight_decay = weight_decay)
            }

            /// Sets division by the maximum of the averages so far; off by default.
            #[must_use]
            pub fn amsgrad(self, amsgrad: bool) -> Self {
                self.with(|rule| rule.amsgrad = amsgrad)
            }
        }

        impl UpdateRule for $name {
            fn names(&self) -> &'static [&'static str] {
                &["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
            }

            fn check(&self) -> Result<()> {
                let numbers = [("lr", self.lr), ("eps", self.eps), ("weight_decay", self.weight_decay)];
                rule::not_negative(stringify!($of), &numbers)?;
                rule::fraction(stringify!($of), &[("betas[0]", self.betas[0]), ("betas[1]", self.betas[1])])
            }

            fn update(&self, param: &Tensor, grad: &Tensor, _shapes: &[Shape], state: &mut State) -> Result<Tensor> {
                let (param, grad) = self.decayed(param, grad)?;
                let [beta1, beta2] = self.betas;
                let step = state.count();
                let mean = average(&state.get_or("exp_avg", 0.0, &param)?, &grad, beta1)?;
                state.set("exp_avg", &mean);
                let mut square = average(&state.get_or("exp_avg_sq", 0.0, &param)?, &grad.mul(&grad)?, beta2)?;
                state.set("exp_avg_sq", &square);
                if self.amsgrad {
                    square = state.get_or("max_exp_avg_sq", 0.0, &param)?.maximum(&square)?;
                    state.set("max_exp_avg_sq", &square);
                }
                let (correction1, correction2) = (1.0 - beta1.powf(step), 1.0 - beta2.powf(step));
                let denominator = square.sqrt()?.mul_scalar(1.0 / correction2.sqrt())?.add_scalar(self.eps)?;
                param.sub(&mean.div(&denominator)?.mul_scalar(self.lr / correction1)?)
            }
        }

        numbers!($name, $of, momentum = betas[0]);
    };
}

options!(AdamOptions, Adam, 0.0);
options!(AdamWOptions, AdamW, 0.01);

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

/// AdamW: [`Adam`] with decoupled weight decay, θ ← θ − ηλθ.
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

impl AdamOptions {
    fn decayed(&self, param: &Tensor, grad: &Tensor) -> Result<(Tensor, Tensor)> {
        Ok((param.clone(), penalized(param, grad, self.weight_decay, self.maximize)?))
    }
}

impl AdamWOptions {
    fn decayed(&self, param: &Tensor, grad: &Tensor) -> Result<(Tensor, Tensor)> {
        let grad = penalized(param, grad, 0.0, self.maximize)?;
        if self.weight_decay == 0.0 {
            return Ok((param.clone(), grad));
        }
        Ok((param.mul_scalar(1.0 - self.lr * self.weight_decay)?, grad))
    }
}

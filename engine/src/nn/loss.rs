//! Losses as values that hold their options.

use crate::ops::{CrossEntropyOptions, Reduction};
use crate::{Result, Tensor};

/// A loss: compares a prediction with its target.
pub trait Loss {
    /// Computes the loss.
    ///
    /// # Errors
    /// Shapes, types or devices that do not match.
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor>;
}

/// Cross-entropy of logits and class targets, or class probabilities.
/// [torch.nn.CrossEntropyLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
///
/// ```
/// use kindling::nn::{CrossEntropyLoss, Loss};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let input = Tensor::from_nested(&[[2.0_f32, 1.0]], &cpu)?;
/// let target = Tensor::from_nested(&[0_i32], &cpu)?;
/// assert_eq!(CrossEntropyLoss::default().forward(&input, &target)?.to_string(), "tensor(0.3133)");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CrossEntropyLoss(pub CrossEntropyOptions);

/// Negative log-likelihood of log-probabilities and class targets.
/// [torch.nn.NLLLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html)
///
/// ```
/// use kindling::nn::{Loss, NLLLoss};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let input = Tensor::from_nested(&[[-0.5_f32, -1.5]], &cpu)?;
/// let target = Tensor::from_nested(&[1_i32], &cpu)?;
/// assert_eq!(NLLLoss::default().forward(&input, &target)?.to_string(), "tensor(1.5000)");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct NLLLoss(pub CrossEntropyOptions);

/// Mean squared error, (x − y)².
/// [torch.nn.MSELoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html)
///
/// ```
/// use kindling::nn::{Loss, MSELoss};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let input = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
/// let target = Tensor::from_nested(&[2.0_f32, 4.0], &cpu)?;
/// assert_eq!(MSELoss::default().forward(&input, &target)?.to_string(), "tensor(2.5000)");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MSELoss(pub Reduction);

/// Mean absolute error, |x − y|.
/// [torch.nn.L1Loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html)
///
/// ```
/// use kindling::nn::{L1Loss, Loss};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let input = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
/// let target = Tensor::from_nested(&[2.0_f32, 4.0], &cpu)?;
/// assert_eq!(L1Loss::default().forward(&input, &target)?.to_string(), "tensor(1.5000)");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct L1Loss(pub Reduction);

/// Smooth L1 loss: (x − y)²/2β up to β, beyond it |x − y| − β/2.
/// [torch.nn.SmoothL1Loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html)
///
/// ```
/// use kindling::nn::{Loss, SmoothL1Loss};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let input = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
/// let target = Tensor::from_nested(&[1.5_f32, 4.0], &cpu)?;
/// assert_eq!(SmoothL1Loss::default().forward(&input, &target)?.to_string(), "tensor(0.8125)");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SmoothL1Loss {
    /// Difference from which the loss is linear, 1 by default.
    pub beta: f64,
    /// Reduction of all elements, the mean by default.
    pub reduction: Reduction,
}

impl Default for SmoothL1Loss {
    fn default() -> Self {
        Self { beta: 1.0, reduction: Reduction::Mean }
    }
}

/// Binary cross-entropy of logits and target probabilities.
/// [torch.nn.BCEWithLogitsLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
///
/// ```
/// use kindling::nn::{BCEWithLogitsLoss, Loss};
/// use kindling::{Device, Tensor};
/// let cpu = Device::cpu();
/// let input = Tensor::from_nested(&[2.0_f32, -1.0], &cpu)?;
/// let target = Tensor::from_nested(&[1.0_f32, 0.0], &cpu)?;
/// assert_eq!(BCEWithLogitsLoss::default().forward(&input, &target)?.to_string(), "tensor(0.2201)");
/// # Ok::<(), kindling::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct BCEWithLogitsLoss {
    /// Weight of each element; 1 by default.
    pub weight: Option<Tensor>,
    /// Weight of positive targets; 1 by default.
    pub pos_weight: Option<Tensor>,
    /// Reduction of all elements, the mean by default.
    pub reduction: Reduction,
}

impl Loss for CrossEntropyLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        input.cross_entropy_with(target, &self.0)
    }
}

impl Loss for NLLLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        input.nll_loss_with(target, &self.0)
    }
}

impl Loss for MSELoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        input.mse_loss(target, self.0)
    }
}

impl Loss for L1Loss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        input.l1_loss(target, self.0)
    }
}

impl Loss for SmoothL1Loss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        input.smooth_l1_loss(target, self.beta, self.reduction)
    }
}

impl Loss for BCEWithLogitsLoss {
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor> {
        input.bce_with_logits(target, self.weight.as_ref(), self.pos_weight.as_ref(), self.reduction)
    }
}

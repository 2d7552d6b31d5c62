//! The losses as values that hold their options.

use crate::ops::{CrossEntropyOptions, Reduction};
use crate::{Result, Tensor};

/// Compares a result with what it should be.
pub trait Loss {
    /// The loss.
    ///
    /// # Errors
    /// Shapes, types or devices that do not fit.
    fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor>;
}

/// Of logits and classes, or probabilities of classes.
/// [torch.nn.CrossEntropyLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
#[derive(Clone, Debug, Default)]
pub struct CrossEntropyLoss(pub CrossEntropyOptions);

/// Of log-probabilities and classes.
/// [torch.nn.NLLLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html)
#[derive(Clone, Debug, Default)]
pub struct NLLLoss(pub CrossEntropyOptions);

/// (x − y)².
/// [torch.nn.MSELoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html)
#[derive(Clone, Copy, Debug, Default)]
pub struct MSELoss(pub Reduction);

/// |x − y|.
/// [torch.nn.L1Loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html)
#[derive(Clone, Copy, Debug, Default)]
pub struct L1Loss(pub Reduction);

/// (x − y)²/2β up to β, beyond it |x − y| − β/2.
/// [torch.nn.SmoothL1Loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html)
#[derive(Clone, Copy, Debug)]
pub struct SmoothL1Loss {
    /// Where it becomes linear.
    pub beta: f64,
    /// What is made of all elements.
    pub reduction: Reduction,
}

impl Default for SmoothL1Loss {
    fn default() -> Self {
        Self { beta: 1.0, reduction: Reduction::Mean }
    }
}

/// Of logits and probabilities of yes.
/// [torch.nn.BCEWithLogitsLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
#[derive(Clone, Debug, Default)]
pub struct BCEWithLogitsLoss {
    /// A weight for each element.
    pub weight: Option<Tensor>,
    /// A weight for yes.
    pub pos_weight: Option<Tensor>,
    /// What is made of all elements.
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

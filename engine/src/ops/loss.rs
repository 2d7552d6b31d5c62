//! Losses, and the reduction of the losses of all elements to one.

mod bce;
mod class_loss;
mod cross_entropy;
mod distance;
mod kl_div;

use crate::tensor::Tensor;
use crate::{Error, Result};

pub use cross_entropy::CrossEntropyOptions;

/// Reduction of the losses of all elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Mean of the losses.
    #[default]
    Mean,
    /// Sum of the losses.
    Sum,
    /// No reduction: each loss is returned.
    None,
    /// Sum over the size of the batch, dimension 0; for [`Tensor::kl_div`], the mathematical value.
    BatchMean,
}

impl Reduction {
    /// Returns PyTorch's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Sum => "sum",
            Self::None => "none",
            Self::BatchMean => "batchmean",
        }
    }

    fn of_classes(self, op: &'static str) -> Result<Self> {
        match self {
            Self::BatchMean => Err(Error::value(op, "batchmean is no reduction of this loss; use mean, sum or none")),
            other => Ok(other),
        }
    }
}

impl std::str::FromStr for Reduction {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Self::Mean, Self::Sum, Self::None, Self::BatchMean].into_iter().find(|r| r.name() == name).ok_or_else(|| {
            Error::value("reduction", format!("{name} is not a valid value; use mean, sum, none or batchmean"))
        })
    }
}

fn reduce_loss(losses: Tensor, reduction: Reduction) -> Result<Tensor> {
    match reduction {
        Reduction::Mean => losses.mean(),
        Reduction::Sum => losses.sum(),
        Reduction::None => Ok(losses),
        Reduction::BatchMean => {
            let batch = losses.dims().first().copied().unwrap_or(1);
            losses.sum()?.mul_scalar(1.0 / batch as f64)
        }
    }
}

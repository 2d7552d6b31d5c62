//! `kl_div`: the Kullback–Leibler divergence of log-probabilities from a target distribution.

use super::{Reduction, reduce_loss};
use crate::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// t·(log t − x) of log-probabilities `self`, 0 where t is 0; with `log_target` the target holds logarithms too:
    /// eᵗ·(t − x). Reduced; `BatchMean` gives the mathematical divergence. Shapes broadcast.
    /// [torch.nn.functional.kl_div](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.kl_div.html)
    ///
    /// # Errors
    /// The shapes cannot be broadcast.
    pub fn kl_div(&self, target: &Self, reduction: Reduction, log_target: bool) -> Result<Self> {
        let [x, t] = Self::broadcast([self.float_only("kl_div")?, target.float_only("kl_div")?], "kl_div")?;
        let losses = if log_target {
            t.exp()?.mul(&t.sub(&x)?)?
        } else {
            let log = t.masked_fill(&t.eq_scalar(0.0)?, 1.0)?.log()?;
            t.mul(&log)?.sub(&t.mul(&x)?)?
        };
        reduce_loss(losses, reduction)
    }
}

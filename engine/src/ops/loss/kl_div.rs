//! `kl_div`: the Kullback–Leibler divergence of log-probabilities from a target distribution.

use super::{Reduction, reduce_loss};
use crate::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// Computes t·(log t − x) of log-probabilities `self`, 0 where t is 0; with `log_target` the
    /// target holds logarithms too: eᵗ·(t − x). Reduced; `BatchMean` gives the mathematical
    /// divergence. Shapes broadcast.
    /// [torch.nn.functional.kl_div](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.kl_div.html)
    ///
    /// ```
    /// use kindling::{ops::Reduction, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[-1.0_f32, -0.5], &cpu)?;
    /// let target = Tensor::from_nested(&[0.4_f32, 0.6], &cpu)?;
    /// assert_eq!(x.kl_div(&target, Reduction::Sum, false)?.to_string(), "tensor(0.0270)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
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

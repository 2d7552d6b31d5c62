//! Losses by distance: `mse_loss`, `l1_loss`, `smooth_l1_loss`, `huber_loss`. They consist of
//! pointwise operations, which fuse into one kernel.

use super::{Reduction, reduce_loss};
use crate::tensor::Tensor;
use crate::{Error, Result};

impl Tensor {
    /// Computes (x − t)², reduced; shapes broadcast.
    /// [torch.nn.functional.mse_loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, ops::Reduction, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1.0f32, 3.0], [2], &Device::cpu())?;
    /// let loss = x.mse_loss(&x.zeros_like()?, Reduction::Mean)?;
    /// assert_eq!(block_on(loss.to_vec::<f32>())?, [5.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast.
    pub fn mse_loss(&self, target: &Self, reduction: Reduction) -> Result<Self> {
        let distance = self.distance("mse_loss", target)?;
        reduce_loss(distance.mul(&distance)?, reduction)
    }

    /// Computes |x − t|, reduced; shapes broadcast.
    /// [torch.nn.functional.l1_loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html)
    ///
    /// ```
    /// use kindling::{ops::Reduction, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// let target = Tensor::from_nested(&[2.0_f32, 4.0], &cpu)?;
    /// assert_eq!(x.l1_loss(&target, Reduction::Mean)?.to_string(), "tensor(1.5000)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast.
    pub fn l1_loss(&self, target: &Self, reduction: Reduction) -> Result<Self> {
        reduce_loss(self.distance("l1_loss", target)?.abs()?, reduction)
    }

    /// Computes (x − t)² / (2·beta) where |x − t| < beta, else |x − t| − beta / 2, reduced; shapes
    /// broadcast.
    /// [torch.nn.functional.smooth_l1_loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.smooth_l1_loss.html)
    ///
    /// ```
    /// use kindling::{ops::Reduction, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// let target = Tensor::from_nested(&[1.5_f32, 4.0], &cpu)?;
    /// assert_eq!(x.smooth_l1_loss(&target, 1.0, Reduction::None)?.to_string(), "tensor([0.1250, 1.5000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast; a negative `beta`.
    pub fn smooth_l1_loss(&self, target: &Self, beta: f64, reduction: Reduction) -> Result<Self> {
        if beta == 0.0 {
            return self.l1_loss(target, reduction);
        }
        if beta < 0.0 || beta.is_nan() {
            return Err(Error::value("smooth_l1_loss", format!("beta must not be negative, got {beta}")));
        }
        reduce_loss(bent(&self.distance("smooth_l1_loss", target)?.abs()?, beta)?.mul_scalar(1.0 / beta)?, reduction)
    }

    /// Computes (x − t)² / 2 where |x − t| ≤ delta, else delta·(|x − t| − delta / 2), reduced;
    /// shapes broadcast.
    /// [torch.nn.functional.huber_loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.huber_loss.html)
    ///
    /// ```
    /// use kindling::{ops::Reduction, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// let target = Tensor::from_nested(&[1.5_f32, 6.0], &cpu)?;
    /// assert_eq!(x.huber_loss(&target, 2.0, Reduction::None)?.to_string(), "tensor([0.1250, 6.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast; `delta` is not positive.
    pub fn huber_loss(&self, target: &Self, delta: f64, reduction: Reduction) -> Result<Self> {
        if delta <= 0.0 || delta.is_nan() {
            return Err(Error::value("huber_loss", format!("delta must be positive, got {delta}")));
        }
        reduce_loss(bent(&self.distance("huber_loss", target)?.abs()?, delta)?, reduction)
    }

    fn distance(&self, op: &'static str, target: &Self) -> Result<Self> {
        let [x, t] = Self::broadcast([self.float_only(op)?, target], op)?;
        x.sub(&t)
    }
}

/// Computes d² / 2 up to `from`, continued along its tangent: m·(d − m / 2) with m = min(d, from).
/// Neither the loss nor its gradient overflows for large d.
fn bent(distance: &Tensor, from: f64) -> Result<Tensor> {
    let least = distance.clamp(None, Some(from))?;
    least.mul(&distance.sub(&least.mul_scalar(0.5)?)?)
}

//! `cross_entropy` and `nll_loss`: losses of predicted class probabilities.

use super::class_loss::{ClassLoss, target_weights};
use super::{Reduction, reduce_loss};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// Options of [`Tensor::cross_entropy_with`] and [`Tensor::nll_loss_with`], with PyTorch's
/// defaults.
#[derive(Clone, Debug)]
pub struct CrossEntropyOptions {
    /// Weight of each class; 1 by default.
    pub weight: Option<Tensor>,
    /// Target excluded from the loss, −100 by default.
    pub ignore_index: i32,
    /// Reduction of the losses of all samples, the mean by default.
    pub reduction: Reduction,
    /// Share of the target spread over all classes, from 0 to 1, 0 by default; cross-entropy only.
    pub label_smoothing: f64,
}

impl Default for CrossEntropyOptions {
    fn default() -> Self {
        Self { weight: None, ignore_index: -100, reduction: Reduction::Mean, label_smoothing: 0.0 }
    }
}

impl Tensor {
    /// Computes the mean cross-entropy of logits `self` (N, C, …) and target classes (N, …), or
    /// probabilities (N, C, …).
    /// [torch.nn.functional.cross_entropy](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let device = Device::cpu();
    /// let logits = Tensor::from_slice(&[0.0f32, 0.0, 0.0, 0.0], [2, 2], &device)?;
    /// let loss = logits.cross_entropy(&Tensor::from_slice(&[0, 1], [2], &device)?)?;
    /// assert!((block_on(loss.to_vec::<f32>())?[0] - 2f32.ln()).abs() < 1e-6);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::cross_entropy_with`].
    pub fn cross_entropy(&self, target: &Self) -> Result<Self> {
        self.cross_entropy_with(target, &CrossEntropyOptions::default())
    }

    /// Computes [`Tensor::cross_entropy`] with options. Classes are dimension 1, or 0 of an input
    /// without a batch. With class targets the loss of a sample is
    /// `(1 − s)·w_t·(−log p_t) + s/C · Σ_c w_c·(−log p_c)`, and the mean divides by the sum of w_t.
    /// With probabilities it is `−Σ_c w_c·q_c·log p_c`, q smoothed, and the mean divides by the
    /// number of samples.
    ///
    /// ```
    /// use kindling::{ops::CrossEntropyOptions, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[2.0_f32, 1.0]], &cpu)?;
    /// let target = Tensor::from_nested(&[0_i32], &cpu)?;
    /// let options = CrossEntropyOptions { label_smoothing: 0.1, ..CrossEntropyOptions::default() };
    /// assert_eq!(x.cross_entropy_with(&target, &options)?.to_string(), "tensor(0.3633)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Shapes that do not match; `label_smoothing` outside of 0..=1; a target that is not a class
    /// (found when the value is computed).
    pub fn cross_entropy_with(&self, target: &Self, options: &CrossEntropyOptions) -> Result<Self> {
        const OP: &str = "cross_entropy";
        let smoothing = options.label_smoothing;
        if !(0.0..=1.0).contains(&smoothing) {
            return Err(Error::value(OP, format!("label_smoothing must be between 0.0 and 1.0, got {smoothing}")));
        }
        let reduction = options.reduction.of_classes(OP)?;
        let (input, probabilities) = (self.float_only(OP)?, target.dtype().is_float());
        if probabilities && input.shape() != target.shape() {
            let rule = format!(
                "a floating-point target must have the input's shape {}, got {}",
                input.shape(),
                target.shape()
            );
            return Err(Error::shape(OP, rule));
        }
        let (x, classes) = batched(OP, input)?;
        let weight = checked_weight(OP, options.weight.as_ref(), &x)?;
        if probabilities {
            let target = if x.ndim() == input.ndim() { target.clone() } else { target.reshape_to(x.shape())? };
            return of_probabilities(&x, &target, weight.as_ref(), reduction, smoothing, input.ndim() == 1);
        }
        let target = checked_target(OP, input, target)?;
        if smoothing == 0.0 {
            return class_loss(&x, &target, weight.as_ref(), options.ignore_index, reduction, true, input.ndim() == 1);
        }
        let log_p = x.log_softmax(1)?;
        let hard = class_loss(&log_p, &target, weight.as_ref(), options.ignore_index, Reduction::None, false, false)?;
        let spread = weighted(&log_p, weight.as_ref())?.sum_dim(&[1], false)?.neg()?;
        let counts = target.ne_scalar(f64::from(options.ignore_index))?;
        let spread = counts.where_(&spread, &spread.detach().zeros_like()?)?;
        let losses = hard.mul_scalar(1.0 - smoothing)?.add(&spread.mul_scalar(smoothing / classes as f64)?)?;
        match reduction {
            Reduction::Mean => {
                let weights = target_weights(&x, &target, weight.as_ref(), options.ignore_index)?;
                losses.sum()?.div(&weights.sum()?)
            }
            Reduction::None if input.ndim() == 1 => losses.reshape_to(&Shape::default()),
            reduction => reduce_loss(losses, reduction),
        }
    }

    /// Computes the mean negative log-likelihood of log-probabilities `self` (N, C, …) and target
    /// classes (N, …).
    /// [torch.nn.functional.nll_loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[-0.5_f32, -1.5]], &cpu)?;
    /// let target = Tensor::from_nested(&[1_i32], &cpu)?;
    /// assert_eq!(x.nll_loss(&target)?.to_string(), "tensor(1.5000)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::nll_loss_with`].
    pub fn nll_loss(&self, target: &Self) -> Result<Self> {
        self.nll_loss_with(target, &CrossEntropyOptions::default())
    }

    /// Computes [`Tensor::nll_loss`] with options: −w_t·x_t of each sample; the mean divides by the
    /// sum of w_t. `label_smoothing` must be 0.
    ///
    /// ```
    /// use kindling::{ops::{CrossEntropyOptions, Reduction}, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[-0.5_f32, -1.5], [-1.0, -2.0]], &cpu)?;
    /// let target = Tensor::from_nested(&[0_i32, 1], &cpu)?;
    /// let options = CrossEntropyOptions { reduction: Reduction::Sum, ..CrossEntropyOptions::default() };
    /// assert_eq!(x.nll_loss_with(&target, &options)?.to_string(), "tensor(2.5000)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Shapes that do not match; a target that is not a class (found when the value is computed).
    pub fn nll_loss_with(&self, target: &Self, options: &CrossEntropyOptions) -> Result<Self> {
        const OP: &str = "nll_loss";
        if options.label_smoothing != 0.0 {
            return Err(Error::value(OP, "takes no label_smoothing; use cross_entropy_with on logits"));
        }
        let reduction = options.reduction.of_classes(OP)?;
        let input = self.float_only(OP)?;
        let (x, _) = batched(OP, input)?;
        let weight = checked_weight(OP, options.weight.as_ref(), &x)?;
        let target = checked_target(OP, input, target)?;
        class_loss(&x, &target, weight.as_ref(), options.ignore_index, reduction, false, input.ndim() == 1)
    }
}

/// Returns the input with a batch dimension, and its number of classes.
fn batched(op: &'static str, input: &Tensor) -> Result<(Tensor, usize)> {
    match *input.dims() {
        [] => Err(Error::shape(op, "the input needs a dimension of classes, but has no dimensions")),
        [classes] => Ok((input.reshape_to(&Shape::from([1, classes]))?, classes)),
        [_, classes, ..] => Ok((input.clone(), classes)),
    }
}

fn checked_weight(op: &'static str, weight: Option<&Tensor>, x: &Tensor) -> Result<Option<Tensor>> {
    let Some(weight) = weight else { return Ok(None) };
    let classes = x.dims()[1];
    if weight.dims() != [classes] {
        let rule =
            format!("weight must have one element for each of the {classes} classes, got shape {}", weight.shape());
        return Err(Error::shape(op, rule));
    }
    Ok(Some(weight.detach().to_dtype(x.dtype())?))
}

/// Returns the target with a batch dimension, as i32.
fn checked_target(op: &'static str, input: &Tensor, target: &Tensor) -> Result<Tensor> {
    if !target.dtype().is_int() {
        return Err(Error::dtype(op, format!("a target of classes must hold integers, got {}", target.dtype())));
    }
    let expected: Vec<usize> = match input.ndim() {
        1 => Vec::new(),
        _ => input.dims().iter().enumerate().filter(|(d, _)| *d != 1).map(|(_, size)| *size).collect(),
    };
    if target.dims() != expected {
        let rule = format!(
            "expected a target of shape {expected:?} for an input of shape {}, got {}",
            input.shape(),
            target.shape()
        );
        return Err(Error::shape(op, rule));
    }
    let target = target.as_index(op)?;
    if input.ndim() == 1 { target.reshape_to(&Shape::from([1])) } else { Ok(target) }
}

fn class_loss(
    x: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    ignore_index: i32,
    reduction: Reduction,
    softmax: bool,
    unbatched: bool,
) -> Result<Tensor> {
    let operands: Vec<&Tensor> = [x, target].into_iter().chain(weight).collect();
    let loss = Tensor::call(ClassLoss { softmax, reduction, ignore_index }, &operands)?;
    if unbatched && reduction == Reduction::None { loss.reshape_to(&Shape::default()) } else { Ok(loss) }
}

/// Multiplies `x` by the weights of the classes, which are dimension 1.
fn weighted(x: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
    let Some(weight) = weight else { return Ok(x.clone()) };
    let mut shape = vec![1; x.ndim()];
    shape[1] = x.dims()[1];
    x.mul(&weight.reshape_to(&Shape::from(shape))?)
}

fn of_probabilities(
    x: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    reduction: Reduction,
    smoothing: f64,
    unbatched: bool,
) -> Result<Tensor> {
    let classes = x.dims()[1];
    let target = match smoothing {
        0.0 => target.clone(),
        s => target.mul_scalar(1.0 - s)?.add_scalar(s / classes as f64)?,
    };
    let losses = weighted(&x.log_softmax(1)?.mul(&target)?, weight)?.sum_dim(&[1], false)?.neg()?;
    match reduction {
        Reduction::None if unbatched => losses.reshape_to(&Shape::default()),
        reduction => reduce_loss(losses, reduction),
    }
}

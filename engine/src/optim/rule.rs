//! Update rules: the arithmetic of an optimizer for a run of parameters. A rule is plain data, its
//! hyper-parameters, and a formula in tensor operations over flat values. Numbers that change from
//! step to step are scalars of operations, so every step has the same plan.

use std::fmt::Debug;

use super::{OptimizerSpec, State};
use crate::tensor::Shape;
use crate::{Error, Result, Tensor};

/// An update rule; its fields are its hyper-parameters.
pub trait UpdateRule: Hyperparameters + Debug + 'static {
    /// Returns the names of its entries in [`State`], tensors and numbers.
    fn names(&self) -> &'static [&'static str];

    /// Checks the hyper-parameters.
    ///
    /// # Errors
    /// A hyper-parameter is out of its range; the error names it.
    fn check(&self) -> Result<()>;

    /// Computes the new parameters. `param` and `grad` are flat: the consecutive elements of
    /// tensors of these `shapes`; tensors in `state` are flat likewise.
    ///
    /// # Errors
    /// Shapes that the rule does not support.
    fn update(&self, param: &Tensor, grad: &Tensor, shapes: &[Shape], state: &mut State) -> Result<Tensor>;
}

/// Hyper-parameters accessed from outside: by schedules, checkpoints and specs.
pub trait Hyperparameters {
    /// Returns the learning rate.
    fn lr(&self) -> f64;

    /// Sets the learning rate.
    fn set_lr(&mut self, lr: f64);

    /// Returns the momentum, or the first of the betas, for one-cycle schedules.
    fn momentum(&self) -> Option<f64>;

    /// Sets the momentum, or the first of the betas.
    fn set_momentum(&mut self, momentum: f64);

    /// Returns all hyper-parameters as plain data.
    fn spec(&self) -> OptimizerSpec;

    /// Replaces all hyper-parameters.
    ///
    /// # Errors
    /// They belong to another optimizer.
    fn set_spec(&mut self, spec: &OptimizerSpec) -> Result<()>;
}

pub(super) fn another(wanted: &str, found: &OptimizerSpec) -> Error {
    let rule = format!("hyper-parameters of {} were given to {wanted}", found.name());
    Error::value("load_state_dict", rule)
}

impl<R: Hyperparameters + ?Sized> Hyperparameters for Box<R> {
    fn lr(&self) -> f64 {
        (**self).lr()
    }

    fn set_lr(&mut self, lr: f64) {
        (**self).set_lr(lr);
    }

    fn momentum(&self) -> Option<f64> {
        (**self).momentum()
    }

    fn set_momentum(&mut self, momentum: f64) {
        (**self).set_momentum(momentum);
    }

    fn spec(&self) -> OptimizerSpec {
        (**self).spec()
    }

    fn set_spec(&mut self, spec: &OptimizerSpec) -> Result<()> {
        (**self).set_spec(spec)
    }
}

impl UpdateRule for Box<dyn UpdateRule> {
    fn names(&self) -> &'static [&'static str] {
        (**self).names()
    }

    fn check(&self) -> Result<()> {
        (**self).check()
    }

    fn update(&self, param: &Tensor, grad: &Tensor, shapes: &[Shape], state: &mut State) -> Result<Tensor> {
        (**self).update(param, grad, shapes, state)
    }
}

/// Refuses a number outside of its range.
pub(super) fn require(op: &'static str, name: &str, value: f64, fits: bool, range: &str) -> Result<()> {
    if fits {
        return Ok(());
    }
    Err(Error::value(op, format!("{name} must be {range}, got {value}")))
}

/// Refuses a number that is negative or not finite.
pub(super) fn not_negative(op: &'static str, numbers: &[(&str, f64)]) -> Result<()> {
    numbers.iter().try_for_each(|(name, value)| {
        require(op, name, *value, value.is_finite() && *value >= 0.0, "finite and at least 0")
    })
}

/// Refuses coefficients of running averages outside of 0 ≤ β < 1.
pub(super) fn betas(op: &'static str, [beta1, beta2]: [f64; 2]) -> Result<()> {
    [("betas[0]", beta1), ("betas[1]", beta2)]
        .iter()
        .try_for_each(|(name, beta)| require(op, name, *beta, (0.0..1.0).contains(beta), "at least 0 and below 1"))
}

/// Returns the gradient for a rule: negated to maximize, plus that of the L2 penalty.
pub(super) fn penalized(param: &Tensor, grad: &Tensor, weight_decay: f64, maximize: bool) -> Result<Tensor> {
    let grad = if maximize { grad.neg()? } else { grad.clone() };
    if weight_decay == 0.0 { Ok(grad) } else { grad.add(&param.mul_scalar(weight_decay)?) }
}

/// Returns a running average: β·average + (1 − β)·new.
pub(super) fn average(average: &Tensor, new: &Tensor, beta: f64) -> Result<Tensor> {
    average.mul_scalar(beta)?.add(&new.mul_scalar(1.0 - beta)?)
}

/// Applies the weight decay: to the gradient as an L2 penalty, or, `decoupled`, to the parameters
/// at the learning rate. Returns both.
pub(super) fn decayed(
    param: &Tensor,
    grad: &Tensor,
    (lr, weight_decay): (f64, f64),
    decoupled: bool,
    maximize: bool,
) -> Result<(Tensor, Tensor)> {
    if decoupled && weight_decay != 0.0 {
        return Ok((param.mul_scalar(1.0 - lr * weight_decay)?, penalized(param, grad, 0.0, maximize)?));
    }
    Ok((param.clone(), penalized(param, grad, weight_decay, maximize)?))
}

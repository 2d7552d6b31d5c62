//! `bce` and `bce_with_logits`: binary cross-entropy of probabilities, and of logits.

use std::hash::Hasher;

use super::{Reduction, reduce_loss};
use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor,
    View, ViewSpec, Vjp, groups_1d,
};
use crate::{Error, Result, shader};

/// Computes −(t·log x + (1 − t)·log(1 − x)), logarithms clamped at −100. A kernel, not pointwise,
/// because it refuses elements outside of 0..=1.
#[derive(Debug)]
struct Bce;

impl Function for Bce {
    fn name(&self) -> &'static str {
        "bce"
    }

    fn saves(&self) -> Saves {
        Saves::INPUTS
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let (x, t) = (cx.input(0)?, cx.input(1)?);
        let rest = x.rsub_scalar(1.0)?;
        let input = match cx.needs(0) {
            // PyTorch's guard against a division by zero at the ends.
            true => Some(grad.mul(&x.sub(&t)?.div(&rest.mul(&x)?.clamp(Some(1e-12), None)?)?)?),
            false => None,
        };
        let target = match cx.needs(1) {
            true => Some(grad.mul(&rest.log()?.clamp(Some(-100.0), None)?.sub(&x.log()?.clamp(Some(-100.0), None)?)?)?),
            false => None,
        };
        Ok(vec![input, target])
    }
}

impl Op for Bce {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[0].clone())
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for Bce {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let (input, target) = (operands[0].contiguous::<T>()?, operands[1].contiguous::<T>()?);
        let (zero, one, least) = (T::c(0.0), T::c(1.0), T::c(-100.0));
        let log = |x: T| if x.ln() > least { x.ln() } else { least };
        for (out, (x, t)) in output.iter_mut().zip(input.iter().zip(target)) {
            if let Some(outside) = [*x, *t].into_iter().find(|x| !(*x >= zero && *x <= one)) {
                let rule = format!("{}, found {}", FaultSite::UNIT_INTERVAL_RULE, outside.to_f64());
                return Err(Error::value(self.name(), rule));
            }
            // log(1 − x) without the loss of precision for a small x.
            let log_rest = if (-*x).ln_1p() > least { (-*x).ln_1p() } else { least };
            *out = (*t - one) * log_rest - *t * log(*x);
        }
        Ok(())
    }
}

impl Kernel for Bce {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let numel = output.shape.numel();
        if numel == 0 {
            return Ok(Program::default());
        }
        let launch = Launch {
            source: KernelSource::new("bce", shader!("bce")),
            bindings: vec![Bind::Faults, Bind::Operand(0), Bind::Operand(1), Bind::Output],
            params: vec![
                Param::from(numel),
                Param::from(operands[0].layout.offset),
                Param::from(operands[1].layout.offset),
                Param::Fault(FaultSite { op: self.name(), size: FaultSite::UNIT_INTERVAL }),
            ],
            groups: groups_1d(numel, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

fn same_shape(op: &'static str, input: &Tensor, target: &Tensor) -> Result<()> {
    if input.shape() == target.shape() {
        return Ok(());
    }
    let rule = format!("the target's shape {} must be the input's, {}", target.shape(), input.shape());
    Err(Error::shape(op, rule))
}

fn weighted(losses: Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
    weight.map_or(Ok(losses.clone()), |weight| losses.mul(weight))
}

impl Tensor {
    /// Computes −w·(t·log x + (1 − t)·log(1 − x)) of probabilities `self`, logarithms clamped at
    /// −100, reduced.
    /// [torch.nn.functional.binary_cross_entropy](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy.html)
    ///
    /// ```
    /// use kindling::{ops::Reduction, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.8_f32, 0.3], &cpu)?;
    /// let target = Tensor::from_nested(&[1.0_f32, 0.0], &cpu)?;
    /// assert_eq!(x.bce(&target, None, Reduction::Mean)?.to_string(), "tensor(0.2899)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Shapes that differ; an element outside of 0..=1 (found when the value is computed).
    pub fn bce(&self, target: &Self, weight: Option<&Self>, reduction: Reduction) -> Result<Self> {
        same_shape("bce", self.float_only("bce")?, target)?;
        let losses = Self::call(Bce, &[self, &target.to_dtype(self.dtype())?])?;
        reduce_loss(weighted(losses, weight)?, reduction)
    }

    /// Computes the binary cross-entropy of logits: w·((1 − t)·x + (1 + (p − 1)·t)·log(1 + e⁻ˣ)), p
    /// the weight of positive targets, reduced; exact for large logits.
    /// [torch.nn.functional.binary_cross_entropy_with_logits](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html)
    ///
    /// ```
    /// use kindling::{ops::Reduction, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[2.0_f32, -1.0], &cpu)?;
    /// let target = Tensor::from_nested(&[1.0_f32, 0.0], &cpu)?;
    /// assert_eq!(x.bce_with_logits(&target, None, None, Reduction::Mean)?.to_string(), "tensor(0.2201)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Shapes of input and target that differ; weights that cannot be broadcast.
    pub fn bce_with_logits(
        &self,
        target: &Self,
        weight: Option<&Self>,
        pos_weight: Option<&Self>,
        reduction: Reduction,
    ) -> Result<Self> {
        const OP: &str = "bce_with_logits";
        same_shape(OP, self.float_only(OP)?, target)?;
        let target = target.to_dtype(self.dtype())?;
        let log = self.neg()?.softplus(1.0, 20.0)?;
        let log = match pos_weight {
            Some(p) => log.mul(&p.add_scalar(-1.0)?.mul(&target)?.add_scalar(1.0)?)?,
            None => log,
        };
        let losses = target.rsub_scalar(1.0)?.mul(self)?.add(&log)?;
        reduce_loss(weighted(losses, weight)?, reduction)
    }
}

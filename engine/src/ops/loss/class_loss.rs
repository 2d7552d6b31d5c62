//! The loss of class targets in one kernel for each direction: `cross_entropy` without smoothing,
//! and `nll_loss`. Rows are those of dimension 1; a row's weight is that of its target's class, 0
//! if the target is ignored.

use std::hash::Hasher;

use smallvec::smallvec;

use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{Device, Float, SliceMut};
use crate::ops::rows::Rows;
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalar, Scalars, Shape,
    Spec, Tensor, View, ViewSpec, Vjp,
};
use crate::{Error, Result, shader};

use super::Reduction;

/// Maximum number of elements processed by one workgroup; above it a second launch is faster.
const MAX_SINGLE_PASS_ELEMENTS: usize = 16_384;

/// Maximum number of rows whose weights every workgroup sums itself.
const MAX_SINGLE_TEAM_ROWS: usize = 1024;

/// A loss of class targets; operands are input, target and optionally class weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClassLoss {
    /// True if the input holds logits; else log-probabilities.
    pub softmax: bool,
    /// `Mean`, `Sum` or `None`.
    pub reduction: Reduction,
    /// Target excluded from the loss.
    pub ignore_index: i32,
}

impl ClassLoss {
    /// Returns the shape of the target and of the rows' losses.
    fn target_shape(input: &Shape) -> Shape {
        Shape::new(input.iter().enumerate().filter(|(d, _)| *d != 1).map(|(_, size)| *size))
    }

    fn weight_of<T: Float>(&self, class: i32, classes: usize, weight: Option<&[T]>) -> Option<T> {
        let index = usize::try_from(class).ok().filter(|class| *class < classes && *class as i32 != self.ignore_index);
        index.map(|class| weight.map_or(T::c(1.0), |weight| weight[class]))
    }

    fn hash(&self, state: &mut dyn Hasher) {
        state.write_u8(u8::from(self.softmax));
        state.write_u8(self.reduction as u8);
    }
}

impl Function for ClassLoss {
    fn name(&self) -> &'static str {
        if self.softmax { "cross_entropy" } else { "nll_loss" }
    }

    fn saves(&self) -> Saves {
        Saves::INPUTS
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let inputs: Vec<Tensor> = (0..cx.inputs()).map(|i| cx.input(i)).collect::<Result<_>>()?;
        let operands: Vec<&Tensor> = std::iter::once(grad).chain(&inputs).collect();
        let mut grads = vec![None; cx.inputs()];
        grads[0] = Some(Tensor::call(ClassLossBackward(*self), &operands)?);
        Ok(grads)
    }
}

impl Op for ClassLoss {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let rows = Self::target_shape(&operands[0].shape);
        let shape = if self.reduction == Reduction::None { rows } else { Shape::default() };
        Ok(Spec { shape, dtype: operands[0].dtype })
    }

    fn key(&self, state: &mut dyn Hasher) {
        self.hash(state);
    }

    fn scalars(&self) -> Scalars {
        smallvec![Scalar::Int(self.ignore_index)]
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for ClassLoss {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let input = operands[0].contiguous::<T>()?;
        let target = operands[1].contiguous::<i32>()?;
        let weight = operands.get(2).map(View::contiguous::<T>).transpose()?;
        let rows = Rows::along(&operands[0].layout.shape, 1);
        let (mut loss, mut weights) = (0.0, 0.0);
        for (row, class) in target.iter().enumerate() {
            let Some(w) = self.weight_of(*class, rows.length, weight) else {
                if *class == self.ignore_index {
                    continue;
                }
                return Err(Error::Index { op: self.name(), index: i64::from(*class), size: rows.length });
            };
            let start = rows.start(row);
            let at = |i: usize| input[start + i * rows.inner];
            let of_class = at(*class as usize);
            let this = if self.softmax {
                let top = (0..rows.length).fold(T::neg_infinity(), |top, i| if at(i) > top { at(i) } else { top });
                let sum: f64 = (0..rows.length).map(|i| (at(i) - top).exp().to_f64()).sum();
                w * (T::c(sum.ln()) - (of_class - top))
            } else {
                -(w * of_class)
            };
            if self.reduction == Reduction::None {
                output[row] = this;
            }
            loss += this.to_f64();
            weights += w.to_f64();
        }
        match self.reduction {
            Reduction::None => {}
            Reduction::Mean => output[0] = T::c(loss / weights),
            _ => output[0] = T::c(loss),
        }
        Ok(())
    }
}

impl Kernel for ClassLoss {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], _output: &Spec, device: &Device) -> Result<Program> {
        let rows = Rows::along(&operands[0].layout.shape, 1);
        let each = self.reduction == Reduction::None;
        let weight = if operands.len() > 2 { 2 } else { 0 };
        let layouts = [&operands[0].layout, &operands[1].layout, &operands[weight].layout];
        let mut params = rows.params(&layouts);
        params.push(Param::from(usize::from(weight > 0)));
        params.push(Param::Fault(FaultSite { op: self.name(), size: rows.length }));
        params.push(Param::Scalar(0));
        params.push(Param::from(usize::from(self.reduction == Reduction::Mean)));
        let launch = |entry: &'static str, written: Bind, groups: [u32; 3]| Launch {
            source: KernelSource::new(self.name(), shader!("cross_entropy"))
                .entry(entry)
                .constant("TEAM", rows.team(device) as u32)
                .constant("SOFTMAX", u32::from(self.softmax))
                .constant("SUMS", u32::from(!each)),
            bindings: vec![Bind::Faults, Bind::Operand(0), Bind::Operand(1), Bind::Operand(weight), written],
            params: params.clone(),
            groups,
        };
        if !each && rows.rows * rows.length <= MAX_SINGLE_PASS_ELEMENTS {
            return Ok(Program { launches: vec![launch("total", Bind::Output, [1, 1, 1])], scratch: Vec::new() });
        }
        let mut launches = Vec::new();
        if rows.rows > 0 {
            let written = if each { Bind::Output } else { Bind::Scratch(0) };
            launches.push(launch("rows", written, rows.groups(device)));
        }
        if each {
            return Ok(Program { launches, scratch: Vec::new() });
        }
        launches.push(Launch {
            source: KernelSource::new("cross_entropy_total", shader!("cross_entropy_total")).constant("TEAM", 64),
            bindings: vec![Bind::ScratchRead(0), Bind::Output],
            params: vec![Param::from(rows.rows), Param::from(usize::from(self.reduction == Reduction::Mean))],
            groups: [1, 1, 1],
        });
        Ok(Program { launches, scratch: vec![(2 * rows.rows).max(1)] })
    }
}

/// Gradient of the input: operands are the gradient of the loss, then those of [`ClassLoss`].
#[derive(Debug)]
struct ClassLossBackward(ClassLoss);

impl Function for ClassLossBackward {
    fn name(&self) -> &'static str {
        if self.0.softmax { "cross_entropy_backward" } else { "nll_loss_backward" }
    }

    fn saves(&self) -> Saves {
        Saves::INPUTS
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        // scale·(p − onehot): linear in the incoming gradient; p is a function of the logits.
        let inputs: Vec<Tensor> = (0..cx.inputs()).map(|i| cx.input(i)).collect::<Result<_>>()?;
        let mut operands: Vec<&Tensor> = inputs.iter().collect();
        let mut grads = vec![None; cx.inputs()];
        let each = self.0.reduction == Reduction::None;
        if cx.needs(0) {
            let ones = inputs[0].ones_like()?;
            operands[0] = &ones;
            let slope = Tensor::call(Self(self.0), &operands)?.mul(grad)?;
            grads[0] = Some(if each { slope.sum_dim(&[1], false)? } else { slope.sum()? });
        }
        if cx.needs(1) && self.0.softmax {
            let x = &inputs[1];
            let scale = target_weights(x, &inputs[2], inputs.get(3), self.0.ignore_index)?;
            let scale = if self.0.reduction == Reduction::Mean { scale.div(&scale.sum()?)? } else { scale };
            let scale = scale.mul(&inputs[0])?;
            let mut rows: Vec<usize> = x.dims().to_vec();
            rows[1] = 1;
            let scale = scale.reshape_to(&Shape::from(rows))?;
            grads[1] = Some(grad.softmax_backward(&x.softmax(1)?, 1, false)?.mul(&scale)?);
        } else if cx.needs(1) {
            grads[1] = Some(inputs[1].zeros_like()?);
        }
        Ok(grads)
    }
}

/// Returns the weight of each row's target: the loss of log-probabilities of −1.
pub(super) fn target_weights(
    input: &Tensor,
    target: &Tensor,
    weight: Option<&Tensor>,
    ignore_index: i32,
) -> Result<Tensor> {
    let minus_one = input.detach().full_like(-1.0)?;
    let loss = ClassLoss { softmax: false, reduction: Reduction::None, ignore_index };
    let operands: Vec<&Tensor> = [&minus_one, target].into_iter().chain(weight).collect();
    Tensor::call(loss, &operands)
}

impl Op for ClassLossBackward {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[1].clone())
    }

    fn key(&self, state: &mut dyn Hasher) {
        self.0.hash(state);
    }

    fn scalars(&self) -> Scalars {
        self.0.scalars()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for ClassLossBackward {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let loss = &self.0;
        let grad = operands[0].contiguous::<T>()?;
        let input = operands[1].contiguous::<T>()?;
        let target = operands[2].contiguous::<i32>()?;
        let weight = operands.get(3).map(View::contiguous::<T>).transpose()?;
        let rows = Rows::along(&operands[1].layout.shape, 1);
        let weights = target.iter().map(|class| loss.weight_of(*class, rows.length, weight).unwrap_or_default());
        let total = T::c(weights.clone().map(|w| w.to_f64()).sum());
        for (row, (class, w)) in target.iter().zip(weights).enumerate() {
            if w == T::c(0.0) {
                continue;
            }
            let mut scale = w * grad[if loss.reduction == Reduction::None { row } else { 0 }];
            if loss.reduction == Reduction::Mean {
                scale = scale / total;
            }
            let start = rows.start(row);
            let offset = |i: usize| start + i * rows.inner;
            if loss.softmax {
                let top = (0..rows.length)
                    .map(|i| input[offset(i)])
                    .fold(T::neg_infinity(), |top, x| if x > top { x } else { top });
                let mut sum = 0.0;
                for i in 0..rows.length {
                    let e = (input[offset(i)] - top).exp();
                    output[offset(i)] = e;
                    sum += e.to_f64();
                }
                let share = T::c(1.0 / sum);
                (0..rows.length).for_each(|i| output[offset(i)] = output[offset(i)] * share * scale);
            }
            let at = offset(*class as usize);
            output[at] = output[at] - scale;
        }
        Ok(())
    }
}

impl Kernel for ClassLossBackward {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], _output: &Spec, device: &Device) -> Result<Program> {
        let rows = Rows::along(&operands[1].layout.shape, 1);
        if rows.rows * rows.length == 0 {
            return Ok(Program::default());
        }
        let (mean, each) = (self.0.reduction == Reduction::Mean, self.0.reduction == Reduction::None);
        let weight = if operands.len() > 3 { 3 } else { 1 };
        let layouts = [&operands[1].layout, &operands[2].layout, &operands[weight].layout];
        let mut params = rows.params(&layouts);
        params.push(Param::from(usize::from(weight > 1)));
        params.push(Param::from(operands[0].layout.offset));
        params.push(Param::Scalar(0));
        params.extend([Param::from(usize::from(mean)), Param::from(usize::from(each))]);
        let apart = mean && rows.rows > MAX_SINGLE_TEAM_ROWS;
        let source = |entry: &'static str, team: usize| {
            KernelSource::new(self.name(), shader!("cross_entropy_backward"))
                .entry(entry)
                .constant("TEAM", team as u32)
                .constant("OWN_TOTAL", u32::from(mean && !apart))
                .constant("SOFTMAX", u32::from(self.0.softmax))
        };
        let bindings = |total: Bind, output: Bind| {
            vec![Bind::Operand(0), Bind::Operand(1), Bind::Operand(2), Bind::Operand(weight), total, output]
        };
        let mut launches = Vec::new();
        if apart {
            launches.push(Launch {
                source: source("weights", 64),
                bindings: bindings(Bind::Operand(0), Bind::Scratch(0)),
                params: params.clone(),
                groups: [1, 1, 1],
            });
        }
        launches.push(Launch {
            source: source("backward", rows.team(device)),
            bindings: bindings(if apart { Bind::ScratchRead(0) } else { Bind::Operand(0) }, Bind::Output),
            params,
            groups: rows.groups(device),
        });
        Ok(Program { launches, scratch: if apart { vec![1] } else { Vec::new() } })
    }
}

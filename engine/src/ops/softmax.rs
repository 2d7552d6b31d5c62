//! `softmax` and `log_softmax` of one dimension: one kernel for each direction, whose gradient is
//! again one.

use std::hash::Hasher;

use super::rows::Rows;
use crate::device::gpu::KernelSource;
use crate::device::{DType, Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Program, Saves, Scalars, Spec, Tensor, View,
    ViewSpec, Vjp,
};
use crate::{Result, shader};

/// Softmax, or its logarithm.
#[derive(Debug)]
struct Softmax {
    dim: usize,
    log: bool,
}

impl Function for Softmax {
    fn name(&self) -> &'static str {
        if self.log { "log_softmax" } else { "softmax" }
    }

    fn saves(&self) -> Saves {
        Saves::OUTPUT
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(grad.softmax_backward(&cx.output()?, self.dim, self.log)?)])
    }
}

impl Op for Softmax {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[0].clone())
    }

    fn key(&self, state: &mut dyn Hasher) {
        state.write_usize(self.dim);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for Softmax {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let rows = Rows::along(&operands[0].layout.shape, self.dim);
        rows.map([operands[0].contiguous::<T>()?], output, |[x], y| {
            let top = x.iter().fold(T::neg_infinity(), |top, x| if *x > top { *x } else { top });
            let mut sum = 0.0;
            for (y, x) in y.iter_mut().zip(x) {
                *y = (*x - top).exp();
                sum += y.to_f64();
            }
            if self.log {
                let log_sum = T::c(sum.ln());
                y.iter_mut().zip(x).for_each(|(y, x)| *y = *x - top - log_sum);
            } else {
                let scale = T::c(1.0 / sum);
                y.iter_mut().for_each(|y| *y *= scale);
            }
        });
        Ok(())
    }
}

impl Kernel for Softmax {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program> {
        let rows = Rows::along(&output.shape, self.dim);
        let launch = Launch {
            source: KernelSource::new(self.name(), shader!("softmax"))
                .entry("forward")
                .constant("TEAM", rows.team(device) as u32)
                .constant("LOG", u32::from(self.log)),
            bindings: vec![Bind::Operand(0), Bind::Output],
            params: rows.params(&[&operands[0].layout]),
            groups: rows.groups(device),
        };
        Ok(Program { launches: if output.shape.numel() > 0 { vec![launch] } else { Vec::new() }, scratch: Vec::new() })
    }
}

/// Gradient of softmax or log_softmax, from that of the result and the result.
#[derive(Debug)]
struct SoftmaxBackward {
    dim: usize,
    log: bool,
}

impl Function for SoftmaxBackward {
    fn name(&self) -> &'static str {
        if self.log { "log_softmax_backward" } else { "softmax_backward" }
    }

    fn saves(&self) -> Saves {
        Saves::INPUTS
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let (g, y) = (cx.input(0)?, cx.input(1)?);
        let over = [self.dim as isize];
        let sum = |t: Tensor| if t.ndim() == 0 { Ok(t) } else { t.sum_dim(&over, true) };
        if self.log {
            // g − eʸ·Σg
            let p = y.exp()?;
            let dg = grad.sub(&sum(grad.mul(&p)?)?)?;
            let dy = grad.mul(&p)?.mul(&sum(g)?)?.neg()?;
            return Ok(vec![Some(dg), Some(dy)]);
        }
        // y·(g − Σ g·y) is linear in g by a symmetric matrix.
        let dg = grad.softmax_backward(&y, self.dim, false)?;
        let along = sum(g.mul(&y)?)?;
        let dy = grad.mul(&g.sub(&along)?)?.sub(&g.mul(&sum(grad.mul(&y)?)?)?)?;
        Ok(vec![Some(dg), Some(dy)])
    }
}

impl Op for SoftmaxBackward {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[1].clone())
    }

    fn key(&self, state: &mut dyn Hasher) {
        state.write_usize(self.dim);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for SoftmaxBackward {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let rows = Rows::along(&operands[0].layout.shape, self.dim);
        let inputs = [operands[0].contiguous::<T>()?, operands[1].contiguous::<T>()?];
        rows.map(inputs, output, |[g, y], out| {
            let pairs = g.iter().zip(y);
            if self.log {
                let sum = T::c(g.iter().map(|g| (*g).to_f64()).sum::<f64>());
                out.iter_mut().zip(pairs).for_each(|(out, (g, y))| *out = *g - y.exp() * sum);
            } else {
                let sum = T::c(pairs.clone().map(|(g, y)| (*g).to_f64() * (*y).to_f64()).sum::<f64>());
                out.iter_mut().zip(pairs).for_each(|(out, (g, y))| *out = *y * (*g - sum));
            }
        });
        Ok(())
    }
}

impl Kernel for SoftmaxBackward {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, device: &Device) -> Result<Program> {
        let rows = Rows::along(&output.shape, self.dim);
        let launch = Launch {
            source: KernelSource::new(self.name(), shader!("softmax_backward"))
                .entry("backward")
                .constant("TEAM", rows.team(device) as u32)
                .constant("LOG", u32::from(self.log)),
            bindings: vec![Bind::Operand(0), Bind::Operand(1), Bind::Output],
            params: rows.params(&[&operands[0].layout, &operands[1].layout]),
            groups: rows.groups(device),
        };
        Ok(Program { launches: if output.shape.numel() > 0 { vec![launch] } else { Vec::new() }, scratch: Vec::new() })
    }
}

impl Tensor {
    /// Computes eˣ / Σ eˣ over `dim`, without overflow. Integers become f32.
    /// [torch.softmax](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1000.0f32, 1000.0], [2], &Device::cpu())?;
    /// assert_eq!(block_on(x.softmax(0)?.to_vec::<f32>())?, [0.5, 0.5]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn softmax(&self, dim: isize) -> Result<Self> {
        let dim = self.shape().dim("softmax", dim)?;
        Self::call(Softmax { dim, log: false }, &[&self.as_float()?])
    }

    /// Computes x − log Σ eˣ over `dim`: the logarithm of softmax, more accurate than taking it.
    /// Integers become f32.
    /// [torch.log_softmax](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.log_softmax(0)?.to_string(), "tensor([-1.3133, -0.3133])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn log_softmax(&self, dim: isize) -> Result<Self> {
        let dim = self.shape().dim("log_softmax", dim)?;
        Self::call(Softmax { dim, log: true }, &[&self.as_float()?])
    }

    /// Computes the gradient of softmax or log_softmax for `self`, the gradient of its result `y`.
    pub(crate) fn softmax_backward(&self, y: &Self, dim: usize, log: bool) -> Result<Self> {
        Self::call(SoftmaxBackward { dim, log }, &[self, y])
    }

    /// Converts to f32 unless it is floating point.
    pub(crate) fn as_float(&self) -> Result<Self> {
        if self.dtype().is_float() { Ok(self.clone()) } else { self.to_dtype(DType::F32) }
    }
}

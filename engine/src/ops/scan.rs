//! `cumsum` and `cumprod`, special cases of one operation: y₀ = x₀, yⱼ = xⱼ + fⱼ·yⱼ₋₁ along a
//! dimension. Its derivative is the same operation backwards, so that zeros in a product are no
//! special case.

use std::hash::Hasher;

use crate::device::gpu::KernelSource;
use crate::device::{DType, Device, Float, Int, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View,
    ViewSpec, Vjp, groups_1d, typed_mut,
};
use crate::{Error, Result, dispatch, shader};

/// A scan; operands are x, and unless it is a plain sum, f.
#[derive(Debug)]
struct Scan {
    name: &'static str,
    dim: usize,
    factors: bool,
}

impl Scan {
    /// Returns the number of elements inside of the dimension, and its size.
    fn extents(&self, shape: &Shape) -> (usize, usize) {
        (shape[self.dim + 1..].iter().product(), shape[self.dim])
    }

    fn lines<T: Copy>(&self, shape: &Shape, output: &mut [T], step: impl Fn(usize, Option<T>) -> T) {
        let (inner, length) = self.extents(shape);
        for index in 0..output.len() {
            let first = (index / inner).is_multiple_of(length);
            let before = if first { None } else { Some(output[index - inner]) };
            output[index] = step(index, before);
        }
    }

    fn floats<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let terms = operands[0].contiguous::<T>()?;
        let factors = operands.get(1).map(View::contiguous::<T>).transpose()?;
        self.lines(&operands[0].layout.shape, output, |i, before| match (before, factors) {
            (None, _) => terms[i],
            (Some(before), None) => terms[i] + before,
            (Some(before), Some(factors)) => terms[i] + factors[i] * before,
        });
        Ok(())
    }

    fn ints<T: Int>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let terms = operands[0].contiguous::<T>()?;
        let factors = operands.get(1).map(View::contiguous::<T>).transpose()?;
        self.lines(&operands[0].layout.shape, output, |i, before| {
            let factor = factors.map_or(T::one(), |factors| factors[i]);
            before.map_or(terms[i], |before| terms[i].wrapping_add(&factor.wrapping_mul(&before)))
        });
        Ok(())
    }
}

impl Function for Scan {
    fn name(&self) -> &'static str {
        self.name
    }

    fn saves(&self) -> Saves {
        if self.factors { Saves::inputs(&[1]).and_output() } else { Saves::NOTHING }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let dim = self.dim as isize;
        let back = grad.flip(&[dim])?;
        if !self.factors {
            return Ok(vec![Some(back.scan("cumsum", self.dim, None)?.flip(&[dim])?)]);
        }
        let (factors, output) = (cx.input(1)?, cx.output()?);
        let size = factors.dims()[self.dim];
        let gap = factors.narrow(dim, 0, size.min(1))?.zeros_like()?;
        // λⱼ = gradⱼ + fⱼ₊₁·λⱼ₊₁
        let next = Tensor::cat(&[&factors.narrow(dim, size.min(1) as isize, size.saturating_sub(1))?, &gap], dim)?;
        let terms = back.scan("scan", self.dim, Some(&next.flip(&[dim])?))?.flip(&[dim])?;
        let before = Tensor::cat(&[&gap, &output.narrow(dim, 0, size.saturating_sub(1))?], dim)?;
        let factors = if cx.needs(1) { Some(terms.mul(&before)?) } else { None };
        Ok(vec![Some(terms), factors])
    }
}

impl Op for Scan {
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

impl Kernel for Scan {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        match output {
            SliceMut::I32(output) => self.ints(operands, output),
            SliceMut::I64(output) => self.ints(operands, output),
            output => dispatch!(output.dtype(), floats T => self.floats::<T>(operands, typed_mut(output)?),
                Err(Error::internal("a scan was given bools"))),
        }
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let (inner, length) = self.extents(&output.shape);
        let count = output.shape.numel();
        if count == 0 {
            return Ok(Program::default());
        }
        let element = match output.dtype {
            DType::F32 => shader!("shared/element_f32"),
            _ => shader!("shared/element_i32"),
        };
        let lines = count / length;
        let offset = |i: usize| operands.get(i).map_or(0, |operand| operand.layout.offset);
        let (entry, bindings) = match self.factors {
            true => ("scan", vec![Bind::Operand(0), Bind::Operand(1), Bind::Output]),
            false => ("sums", vec![Bind::Operand(0), Bind::Output]),
        };
        let launch = Launch {
            source: KernelSource::new("scan", &[shader!("scan"), element].concat()).entry(entry),
            bindings,
            params: [lines, length, inner, offset(0), offset(1)].into_iter().map(Param::from).collect(),
            groups: groups_1d(lines, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

impl Tensor {
    /// Computes cumulative sums along `dim`. Sums of i64 are i64, those of other integers and of
    /// bools i32.
    /// [torch.cumsum](https://docs.pytorch.org/docs/stable/generated/torch.cumsum.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1, 2, 3, 4], [4], &Device::cpu())?;
    /// assert_eq!(block_on(x.cumsum(0)?.to_vec::<i32>())?, [1, 3, 6, 10]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn cumsum(&self, dim: isize) -> Result<Self> {
        self.cumulative("cumsum", dim, |x, dim| x.scan("cumsum", dim, None))
    }

    /// Computes cumulative products along `dim`. Products of i64 are i64, those of other integers
    /// and of bools i32.
    /// [torch.cumprod](https://docs.pytorch.org/docs/stable/generated/torch.cumprod.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.cumprod(0)?.to_string(), "tensor([1., 2., 6.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn cumprod(&self, dim: isize) -> Result<Self> {
        self.cumulative("cumprod", dim, |x, dim| {
            // Only the first term counts; all others come from the factors.
            let at = dim as isize;
            let size = x.dims()[dim];
            let first = x.narrow(at, 0, size.min(1))?;
            let rest = x.detach().narrow(at, size.min(1) as isize, size.saturating_sub(1))?.zeros_like()?;
            Self::cat(&[&first, &rest], at)?.scan("cumprod", dim, Some(x))
        })
    }

    fn scan(&self, name: &'static str, dim: usize, factors: Option<&Self>) -> Result<Self> {
        let op = Scan { name, dim, factors: factors.is_some() };
        match factors {
            Some(factors) => Self::call(op, &[self, factors]),
            None => Self::call(op, &[self]),
        }
    }

    fn cumulative(&self, op: &'static str, dim: isize, f: impl FnOnce(&Self, usize) -> Result<Self>) -> Result<Self> {
        let at = self.shape().dim(op, dim)?;
        let input = if self.dtype().is_float() { self.clone() } else { self.to_dtype(self.dtype().integer())? };
        if self.ndim() == 0 {
            return f(&input.reshape(&[1])?, 0)?.reshape(&[]);
        }
        f(&input, at)
    }
}

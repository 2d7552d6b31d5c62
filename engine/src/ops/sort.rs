//! `sort`, `argsort`, `topk`: a kernel finds the order, and the values are gathered by it, which
//! gives them their derivative. The sort is stable; NaN counts as the largest.

use std::cmp::Ordering;
use std::hash::Hasher;

use crate::device::gpu::KernelSource;
use crate::device::{Device, Element, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View,
    ViewSpec, Vjp, groups_1d, typed_mut,
};
use crate::{DType, Error, Result, dispatch, shader};

/// Number of elements per block; blocks are sorted by counting before runs are merged.
const BLOCK: usize = 256;

#[derive(Debug)]
struct Argsort {
    dim: usize,
    descending: bool,
}

impl Argsort {
    fn order<T: Element>(&self, shape: &Shape, input: &[T], output: &mut [i32]) {
        let (inner, length): (usize, usize) = (shape[self.dim + 1..].iter().product(), shape[self.dim]);
        let mut order: Vec<usize> = Vec::with_capacity(length);
        for line in 0..output.len() / length.max(1) {
            let first = line / inner * length * inner + line % inner;
            let at = |j: usize| input[first + j * inner];
            order.clear();
            order.extend(0..length);
            order.sort_by(|a, b| match self.descending {
                true => compare(at(*b), at(*a)),
                false => compare(at(*a), at(*b)),
            });
            order.iter().enumerate().for_each(|(rank, j)| output[first + rank * inner] = *j as i32);
        }
    }
}

/// Orders numbers, NaN, the only one that differs from itself, after all others.
fn compare<T: Element>(a: T, b: T) -> Ordering {
    let is_nan = |x: T| x.partial_cmp(&x).is_none();
    a.partial_cmp(&b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

impl Function for Argsort {
    fn name(&self) -> &'static str {
        "argsort"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![None]) // Indices have no gradient.
    }
}

impl Op for Argsort {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(Spec { shape: operands[0].shape.clone(), dtype: DType::I32 })
    }

    fn key(&self, state: &mut dyn Hasher) {
        state.write_usize(self.dim);
        state.write_u8(u8::from(self.descending));
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for Argsort {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        dispatch!(operands[0].data.dtype(), T => self.order(
            &operands[0].layout.shape,
            operands[0].contiguous::<T>()?,
            typed_mut::<i32>(output)?,
        ));
        Ok(())
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let (shape, input) = (&output.shape, &operands[0]);
        let (inner, length): (usize, usize) = (shape[self.dim + 1..].iter().product(), shape[self.dim]);
        let count = shape.numel();
        if count == 0 {
            return Ok(Program::default());
        }
        let kind = match input.dtype {
            DType::F32 | DType::F64 => 0,
            DType::I32 | DType::I64 => 1,
            DType::U32 | DType::Bool => 2,
        };
        let launch = |entry: &'static str, bindings: Vec<Bind>, width: usize| {
            let words = [count, length, inner, input.layout.offset, width, kind, usize::from(self.descending)];
            Launch {
                source: KernelSource::new("sort", shader!("sort")).entry(entry),
                bindings,
                params: words.into_iter().map(Param::from).collect(),
                groups: groups_1d(count, 64),
            }
        };
        // Runs alternate between two scratch buffers; the last merge writes the output.
        let merges = length.div_ceil(BLOCK).next_power_of_two().trailing_zeros() as usize;
        let written = |pass: usize| if pass == merges { Bind::Output } else { Bind::Scratch(pass % 2) };
        let mut launches = vec![launch("block", vec![Bind::Operand(0), written(0)], BLOCK)];
        for pass in 1..=merges {
            let bindings = vec![Bind::Operand(0), Bind::ScratchRead((pass - 1) % 2), written(pass)];
            launches.push(launch("merge", bindings, BLOCK << (pass - 1)));
        }
        Ok(Program { launches, scratch: vec![count; merges.min(2)] })
    }
}

impl Tensor {
    /// Sorts the elements along `dim` in ascending or descending order, and returns their former
    /// indices (i32). Equal elements keep their order; NaN counts as the largest.
    /// [torch.sort](https://docs.pytorch.org/docs/stable/generated/torch.sort.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[3, 1, 2], [3], &Device::cpu())?;
    /// let (values, indices) = x.sort(0, true)?;
    /// assert_eq!(block_on(values.to_vec::<i32>())?, [3, 2, 1]);
    /// assert_eq!(block_on(indices.to_vec::<i32>())?, [0, 2, 1]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn sort(&self, dim: isize, descending: bool) -> Result<(Self, Self)> {
        let indices = self.argsort(dim, descending)?;
        Ok((self.gather(dim, &indices)?, indices))
    }

    /// Computes the indices that sort the elements along `dim`, i32.
    /// [torch.argsort](https://docs.pytorch.org/docs/stable/generated/torch.argsort.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[3.0_f32, 1.0, 2.0], &cpu)?;
    /// assert_eq!(x.argsort(0, false)?.to_string(), "tensor([1, 2, 0])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn argsort(&self, dim: isize, descending: bool) -> Result<Self> {
        let dim = self.shape().dim("sort", dim)?;
        if self.ndim() == 0 {
            return self.reshape(&[1])?.argsort(0, descending)?.reshape(&[]);
        }
        Self::call(Argsort { dim, descending }, &[self])
    }

    /// Returns the `k` largest (or smallest) elements along `dim`, sorted, and their indices (i32).
    /// [torch.topk](https://docs.pytorch.org/docs/stable/generated/torch.topk.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[3.0_f32, 1.0, 2.0], &cpu)?;
    /// let (values, indices) = x.topk(2, 0, true)?;
    /// assert_eq!(values.to_string(), "tensor([3., 2.])");
    /// assert_eq!(indices.to_string(), "tensor([0, 2])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range, or has fewer elements.
    pub fn topk(&self, k: usize, dim: isize, largest: bool) -> Result<(Self, Self)> {
        let at = self.shape().dim("topk", dim)?;
        let size = self.dims().get(at).copied().unwrap_or(1);
        if k > size {
            let rule = format!("k ({k}) is more than the size {size} of dimension {dim} of {}", self.shape());
            return Err(Error::shape("topk", rule));
        }
        let mut indices = self.argsort(dim, largest)?;
        if k < size {
            let line = if self.ndim() == 0 { indices.reshape(&[1])? } else { indices };
            indices = line.take("topk", at, 0, k, 1)?;
        }
        let values = if self.ndim() == indices.ndim() { self.clone() } else { self.reshape(&[1])? };
        Ok((values.gather(dim, &indices)?, indices))
    }
}

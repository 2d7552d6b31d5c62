//! `cat` and `stack`: tensors concatenated along a dimension. The kernel copies words of any type,
//! from several tensors a launch.

use std::hash::Hasher;

use crate::device::gpu::KernelSource;
use crate::device::{DType, Device, Element, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View,
    ViewSpec, Vjp, groups_1d, typed_mut, wrap_dim,
};
use crate::{Error, Result, dispatch, shader};

/// Maximum number of tensors in a launch: with the output they are the 8 storage buffers that every
/// WebGPU device binds.
const MAX_INPUTS: usize = 7;

#[derive(Debug)]
struct Cat {
    dim: usize,
}

impl Cat {
    /// Returns the number of rows copied as a whole, and their length in each operand.
    fn rows<'s>(&self, shapes: impl Iterator<Item = &'s Shape>) -> (usize, Vec<usize>) {
        let mut outer = 1;
        let lengths = shapes
            .map(|shape| {
                outer = shape[..self.dim].iter().product();
                shape[self.dim..].iter().product()
            })
            .collect();
        (outer, lengths)
    }
}

impl Function for Cat {
    fn name(&self) -> &'static str {
        "cat"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let mut start = 0;
        let mut grads = Vec::with_capacity(cx.inputs());
        for i in 0..cx.inputs() {
            let length = cx.shape(i)[self.dim];
            grads.push(match cx.needs(i) {
                true => Some(grad.narrow(self.dim as isize, start as isize, length)?),
                false => None,
            });
            start += length;
        }
        Ok(grads)
    }
}

impl Op for Cat {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let first = &operands[0];
        let mut shape = first.shape.clone();
        for (i, other) in operands.iter().enumerate().skip(1) {
            if other.shape.len() != shape.len() {
                let rule =
                    format!("tensors must have the same number of dimensions, got {} and {}", first.shape, other.shape);
                return Err(Error::shape("cat", rule));
            }
            let differs = |d: &usize| *d != self.dim && shape[*d] != other.shape[*d];
            if let Some(d) = (0..shape.len()).find(differs) {
                let rule = format!(
                    "sizes must match except in dimension {}: expected size {} at dimension {d} as in {}, but tensor {i} has shape {}",
                    self.dim, shape[d], first.shape, other.shape
                );
                return Err(Error::shape("cat", rule));
            }
            shape.sizes_mut()[self.dim] += other.shape[self.dim];
        }
        Ok(Spec { shape, dtype: first.dtype })
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

impl Kernel for Cat {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        fn run<T: Element>(op: &Cat, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
            let (_, lengths) = op.rows(operands.iter().map(|o| &o.layout.shape));
            let total: usize = lengths.iter().sum();
            let mut start = 0;
            for (operand, length) in operands.iter().zip(lengths).filter(|(_, length)| *length > 0) {
                let from = operand.contiguous::<T>()?.chunks_exact(length);
                for (row, from) in output.chunks_exact_mut(total).zip(from) {
                    row[start..start + length].copy_from_slice(from);
                }
                start += length;
            }
            Ok(())
        }
        dispatch!(output.dtype(), T => run::<T>(self, operands, typed_mut(output)?))
    }

    fn gpu(&self, operands: &[ViewSpec], _output: &Spec, _device: &Device) -> Result<Program> {
        let (outer, lengths) = self.rows(operands.iter().map(|o| &o.layout.shape));
        let total: usize = lengths.iter().sum();
        let filled: Vec<usize> = (0..operands.len()).filter(|i| outer * lengths[*i] > 0).collect();
        let mut launches = Vec::new();
        let mut start = 0;
        for some in filled.chunks(MAX_INPUTS) {
            let length: usize = some.iter().map(|i| lengths[*i]).sum();
            let mut params = vec![outer, length, start, total, some.len(), 0, 0, 0];
            let pad = |i: usize| some.get(i).copied();
            params.extend((0..8).map(|i| pad(i).map_or(0, |i| lengths[i])));
            params.extend((0..8).map(|i| pad(i).map_or(0, |i| operands[i].layout.offset)));
            // Unused bindings hold the first input again, and are not read.
            let mut bindings: Vec<Bind> = (0..MAX_INPUTS).map(|i| Bind::Operand(pad(i).unwrap_or(some[0]))).collect();
            bindings.push(Bind::Output);
            launches.push(Launch {
                source: KernelSource::new("cat", shader!("cat")),
                bindings,
                params: params.into_iter().map(Param::from).collect(),
                groups: groups_1d(outer * length, 64),
            });
            start += length;
        }
        Ok(Program { launches, scratch: Vec::new() })
    }

    fn concat_offsets(&self, operands: &[&Layout]) -> Option<Vec<usize>> {
        let (outer, lengths) = self.rows(operands.iter().map(|layout| &layout.shape));
        let ends = lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end - length)
        });
        (outer == 1).then(|| ends.collect())
    }
}

impl Tensor {
    /// Concatenates tensors along `dim`. Their types are promoted to one; 1-D tensors of size 0 are
    /// skipped. [torch.cat](https://docs.pytorch.org/docs/stable/generated/torch.cat.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::zeros([2, 3], &Device::cpu())?;
    /// assert_eq!(Tensor::cat(&[&x, &x], 1)?.dims(), [2, 6]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// No tensors; tensors without dimensions; sizes that differ in a dimension other than `dim`.
    pub fn cat(tensors: &[&Self], dim: isize) -> Result<Self> {
        let Some(first) = tensors.first() else {
            return Err(Error::shape("cat", "expected a non-empty list of tensors"));
        };
        if let Some(i) = tensors.iter().position(|t| t.ndim() == 0) {
            let rule = format!("tensor {i} has no dimensions and cannot be concatenated; use stack");
            return Err(Error::shape("cat", rule));
        }
        let dtype = tensors.iter().fold(DType::Bool, |dtype, t| dtype.max(t.dtype()));
        let kept: Vec<Self> =
            tensors.iter().filter(|t| t.dims() != [0]).map(|t| t.to_dtype(dtype)).collect::<Result<_>>()?;
        let Some(shape) = kept.first().map(Self::shape) else {
            first.shape().dim("cat", dim)?;
            return first.to_dtype(dtype)?.copy();
        };
        let dim = shape.dim("cat", dim)?;
        Self::call(Cat { dim }, &kept.iter().collect::<Vec<_>>())
    }

    /// Stacks tensors of one shape along a new dimension.
    /// [torch.stack](https://docs.pytorch.org/docs/stable/generated/torch.stack.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let a = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// let b = Tensor::from_nested(&[3.0_f32, 4.0], &cpu)?;
    /// assert_eq!(Tensor::stack(&[&a, &b], 1)?.to_string(), "tensor([[1., 3.],\n        [2., 4.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// No tensors, or shapes that differ.
    pub fn stack(tensors: &[&Self], dim: isize) -> Result<Self> {
        let Some(first) = tensors.first() else {
            return Err(Error::shape("stack", "expected a non-empty list of tensors"));
        };
        if let Some(i) = tensors.iter().position(|t| t.shape() != first.shape()) {
            let rule = format!(
                "expects each tensor to be of equal size, but got {} at entry 0 and {} at entry {i}",
                first.shape(),
                tensors[i].shape()
            );
            return Err(Error::shape("stack", rule));
        }
        let dim = wrap_dim("stack", dim, first.ndim() + 1)? as isize;
        let thick: Vec<Self> = tensors.iter().map(|t| t.unsqueeze(dim)).collect::<Result<_>>()?;
        Self::cat(&thick.iter().collect::<Vec<_>>(), dim)
    }
}

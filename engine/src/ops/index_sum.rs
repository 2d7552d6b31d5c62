//! `scatter_add`, and the gradient of every lookup: elements of a source accumulated by index, in
//! the order of the index, without float atomics.

use std::hash::Hasher;

use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{Device, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View,
    ViewSpec, Vjp, groups_1d, row_major, typed_mut,
};
use crate::{DType, Error, Result, dispatch, shader};

use super::gather::{Extents, Gather, Lookup};

/// Computes `output[o, r, i] = Σ source[o, j, i]` over the j whose index is r; operands are the
/// index and the source.
#[derive(Debug)]
pub(super) struct IndexSum {
    pub lookup: Lookup,
    /// Shape of the result.
    pub shape: Shape,
}

impl IndexSum {
    fn element(&self, acc: f64, n: u32) -> f64 {
        if self.lookup.by_frequency && n > 1 { acc / f64::from(n) } else { acc }
    }
}

impl Function for IndexSum {
    fn name(&self) -> &'static str {
        match self.lookup.name {
            "gather" => "gather_backward",
            "index_select" => "index_select_backward",
            "embedding" => "embedding_dense_backward",
            name => name,
        }
    }

    fn saves(&self) -> Saves {
        Saves::inputs(&[0])
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let index = cx.input(0)?;
        let mut grad = grad.clone();
        if let Some(skip) = self.lookup.skip {
            let mut row = Layout { shape: grad.shape().clone(), strides: row_major(grad.dims()), offset: 0 };
            row.offset = skip * row.strides[self.lookup.dim] as usize;
            row.shape.sizes_mut()[self.lookup.dim] = 1;
            grad = grad.as_strided_scatter(&Tensor::zeros(row.shape.clone(), (grad.dtype(), &grad.device()))?, &row)?;
        }
        let mut source = Tensor::call(Gather(self.lookup.clone()), &[&grad, &index])?;
        if self.lookup.by_frequency {
            let ones = Tensor::ones(index.shape().clone(), (grad.dtype(), &grad.device()))?;
            let lookup = Lookup::new(self.lookup.name, 0, true);
            let count = Self { lookup: lookup.clone(), shape: Shape::from(self.shape[self.lookup.dim]) };
            let counts = Tensor::call(count, &[&index, &ones])?;
            let counts = Tensor::call(Gather(lookup), &[&counts, &index])?;
            source = source.div(&counts.unsqueeze(-1)?)?;
        }
        Ok(vec![None, Some(source)])
    }
}

impl Op for IndexSum {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(Spec { shape: self.shape.clone(), dtype: operands[1].dtype })
    }

    fn key(&self, state: &mut dyn Hasher) {
        self.lookup.hash(state);
        self.shape.iter().for_each(|size| state.write_usize(*size));
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for IndexSum {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let lookup = &self.lookup;
        let Extents { size, inner, length, .. } = lookup.extents(&self.shape, &operands[0].layout.shape);
        let index = operands[0].contiguous::<i32>()?;
        let mut counts = vec![0u32; if lookup.by_frequency { size } else { 0 }];
        dispatch!(output.dtype(), T => {
            use crate::device::Element;
            let (source, output) = (operands[1].contiguous::<T>()?, typed_mut::<T>(output)?);
            for (from, x) in source.iter().enumerate() {
                let (o, j, i) = (from / (inner * length), from / inner % length, from % inner);
                let at = index[if lookup.shared { j } else { from }];
                let row = lookup.resolve(at, size)?;
                if lookup.skip == Some(row) {
                    continue;
                }
                let sum = &mut output[(o * size + row) * inner + i];
                // f32 sums are rounded at every step, as on the GPU.
                *sum = match T::DTYPE.is_float() {
                    true => T::from_f64(sum.to_f64() + x.to_f64()),
                    false => T::from_i64(sum.to_i64().wrapping_add(x.to_i64())),
                };
                if let (Some(count), 0, 0) = (counts.get_mut(row), o, i) {
                    *count += 1;
                }
            }
            if lookup.by_frequency {
                for (at, sum) in output.iter_mut().enumerate() {
                    *sum = T::from_f64(self.element(sum.to_f64(), counts[at / inner % size]));
                }
            }
        });
        Ok(())
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let lookup = &self.lookup;
        let (index, source) = (&operands[0].layout, &operands[1].layout);
        let Extents { outer, size, inner, length } = lookup.extents(&self.shape, &index.shape);
        let (lines, line_inner) = if lookup.shared { (1, 1) } else { (outer * inner, inner) };
        let (lists, links, count) = (lines * size, index.numel(), output.shape.numel());
        if count == 0 {
            return Ok(Program::default());
        }
        let element = match output.dtype {
            DType::F32 => shader!("shared/element_f32"),
            _ => shader!("shared/element_i32"),
        };
        let launch = |entry: &'static str, bindings: &[Bind], threads: usize| {
            let words = [threads, size, inner, length, usize::from(lookup.shared), line_inner];
            let mut params: Vec<Param> = words.into_iter().map(Param::from).collect();
            params.push(Param::Word(lookup.skip.map_or(u32::MAX, |skip| skip as u32)));
            params.extend([usize::from(lookup.by_frequency), index.offset, source.offset].map(Param::from));
            params.push(Param::Fault(FaultSite { op: lookup.name, size }));
            let pieces = [shader!("index_sum"), element].concat();
            Launch {
                source: KernelSource::new("index_sum", &pieces).entry(entry),
                bindings: bindings.to_vec(),
                params,
                groups: groups_1d(threads, 64),
            }
        };
        let (heads, nexts) = (Bind::Scratch(0), Bind::Scratch(1));
        let mut launches = vec![launch("clear", &[heads], lists)];
        if links > 0 {
            launches.push(launch("link", &[Bind::Operand(0), heads, nexts, Bind::Faults], links));
            launches.push(launch("order", &[heads, nexts], lists));
        }
        let read = [Bind::Operand(1), Bind::ScratchRead(0), Bind::ScratchRead(1), Bind::Output];
        launches.push(launch("sum", &read, count));
        Ok(Program { launches, scratch: vec![lists, links.max(1)] })
    }
}

impl Tensor {
    /// Returns a copy with `src[i, j, k]` added at `[i, index[i, j, k], k]` for `dim` 1, and
    /// likewise for others. Equal indices are added in the order of the index.
    /// [torch.Tensor.scatter_add](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_add.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 1.0], &cpu)?;
    /// let index = Tensor::from_nested(&[0_i32, 0, 1], &cpu)?;
    /// let src = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.scatter_add(0, &index, &src)?.to_string(), "tensor([4., 4.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range; the index is larger than `src`, larger than `self` in a
    /// dimension other than `dim`, or not of integers; the types differ.
    pub fn scatter_add(&self, dim: isize, index: &Self, src: &Self) -> Result<Self> {
        const NAME: &str = "scatter_add";
        if self.dtype() == DType::Bool {
            return Err(Error::dtype(NAME, "bools cannot be added"));
        }
        self.scattered(NAME, dim, index, src, |part, dim, index, src| {
            let sum = IndexSum { lookup: Lookup::new(NAME, dim, false), shape: part.shape().clone() };
            part.add(&Self::call(sum, &[index, src])?)
        })
    }

    /// Checks a scatter, and handles an index that covers only part of the tensor.
    pub(super) fn scattered(
        &self,
        op: &'static str,
        dim: isize,
        index: &Self,
        src: &Self,
        f: impl FnOnce(&Self, usize, &Self, &Self) -> Result<Self>,
    ) -> Result<Self> {
        let index = index.as_index(op)?;
        if src.dtype() != self.dtype() {
            let rule = format!("self is {}, src is {}: they must have one type", self.dtype(), src.dtype());
            return Err(Error::dtype(op, rule));
        }
        let dim = self.shape().dim(op, dim)?;
        if self.ndim() == 0 && index.ndim() == 0 && src.ndim() == 0 {
            let (index, src) = (index.reshape(&[1])?, src.reshape(&[1])?);
            return self.reshape(&[1])?.scattered(op, 0, &index, &src, f)?.reshape(&[]);
        }
        let part = self.under(&index, dim, op)?;
        if src.ndim() != index.ndim() || index.dims().iter().zip(src.dims()).any(|(index, src)| index > src) {
            let rule = format!("the index of shape {} should be no larger than src, of {}", index.shape(), src.shape());
            return Err(Error::shape(op, rule));
        }
        let mut used = src.clone();
        for d in (0..src.ndim()).filter(|d| index.dims()[*d] != src.dims()[*d]) {
            used = used.take(op, d, 0, index.dims()[d], 1)?;
        }
        let done = f(&part, dim, &index, &used)?;
        if done.shape() == self.shape() {
            return Ok(done);
        }
        let layout = Layout { shape: done.shape().clone(), strides: row_major(self.dims()), offset: 0 };
        self.as_strided_scatter(&done, &layout)
    }
}

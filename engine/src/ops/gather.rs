//! `gather` and `index_select`: elements looked up by index along a dimension.

use std::hash::Hasher;

use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{Device, Element, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View,
    ViewSpec, Vjp, groups_1d, typed_mut,
};
use crate::{DType, Error, Result, dispatch, shader};

use super::index_sum::IndexSum;

/// Lookup along a dimension, shared by reading ([`Gather`]) and by accumulation ([`IndexSum`]).
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    /// Operation named in errors.
    pub name: &'static str,
    /// Dimension looked up.
    pub dim: usize,
    /// `true` for an index that all rows share, of any shape, which replaces the dimension; `false`
    /// for an index of the result's shape.
    pub shared: bool,
    /// Index that is read like any other but receives no gradient.
    pub skip: Option<usize>,
    /// Divides gradients by the number of reads of their index if true.
    pub by_frequency: bool,
}

impl Lookup {
    /// Creates a plain lookup.
    pub fn new(name: &'static str, dim: usize, shared: bool) -> Self {
        Self { name, dim, shared, skip: None, by_frequency: false }
    }

    /// Returns the sizes around the dimension, its own, and the length of the index along it.
    pub fn extents(&self, input: &Shape, index: &Shape) -> Extents {
        Extents {
            outer: input[..self.dim].iter().product(),
            size: input[self.dim],
            inner: input[self.dim + 1..].iter().product(),
            length: if self.shared { index.numel() } else { index[self.dim] },
        }
    }

    pub fn hash(&self, state: &mut dyn Hasher) {
        state.write(self.name.as_bytes());
        state.write_usize(self.dim);
        state.write_u8(u8::from(self.shared) + 2 * u8::from(self.by_frequency));
        state.write_usize(self.skip.map_or(0, |skip| skip + 1));
    }

    /// Resolves an element of the index.
    ///
    /// # Errors
    /// The index is out of range.
    pub fn resolve(&self, index: i32, size: usize) -> Result<usize> {
        let resolved = usize::try_from(index).ok().filter(|resolved| *resolved < size);
        resolved.ok_or(Error::Index { op: self.name, index: i64::from(index), size })
    }
}

/// A tensor as outer × size × inner around a dimension, and the length of an index along it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extents {
    pub outer: usize,
    pub size: usize,
    pub inner: usize,
    pub length: usize,
}

#[derive(Debug)]
pub(super) struct Gather(pub Lookup);

impl Function for Gather {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn saves(&self) -> Saves {
        Saves::inputs(&[1])
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let sum = IndexSum { lookup: self.0.clone(), shape: cx.shape(0).clone() };
        Ok(vec![Some(Tensor::call(sum, &[&cx.input(1)?, grad])?), None])
    }
}

impl Op for Gather {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let (input, index) = (&operands[0], &operands[1].shape);
        let dim = self.0.dim;
        let shape = match self.0.shared {
            true => Shape::new(input.shape[..dim].iter().chain(index.iter()).chain(&input.shape[dim + 1..]).copied()),
            false => index.clone(),
        };
        Ok(Spec { shape, dtype: input.dtype })
    }

    fn key(&self, state: &mut dyn Hasher) {
        self.0.hash(state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for Gather {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        fn run<T: Element>(lookup: &Lookup, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
            let Extents { outer, size, inner, length } =
                lookup.extents(&operands[0].layout.shape, &operands[1].layout.shape);
            let (input, index) = (operands[0].contiguous::<T>()?, operands[1].contiguous::<i32>()?);
            for row in 0..outer * length {
                let (o, j) = (row / length, row % length);
                let from = |at: i32| Ok::<_, Error>((o * size + lookup.resolve(at, size)?) * inner);
                let out = &mut output[row * inner..(row + 1) * inner];
                if lookup.shared {
                    let from = from(index[j])?;
                    out.copy_from_slice(&input[from..from + inner]);
                } else {
                    for (i, y) in out.iter_mut().enumerate() {
                        *y = input[from(index[row * inner + i])? + i];
                    }
                }
            }
            Ok(())
        }
        dispatch!(output.dtype(), T => run::<T>(&self.0, operands, typed_mut(output)?))
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let Extents { size, inner, length, .. } = self.0.extents(&operands[0].layout.shape, &operands[1].layout.shape);
        let count = output.shape.numel();
        if count == 0 {
            return Ok(Program::default());
        }
        let words = [
            count,
            size,
            inner,
            length,
            usize::from(self.0.shared),
            operands[0].layout.offset,
            operands[1].layout.offset,
        ];
        let mut params: Vec<Param> = words.into_iter().map(Param::from).collect();
        params.push(Param::Fault(FaultSite { op: self.0.name, size }));
        let launch = Launch {
            source: KernelSource::new("gather", shader!("gather")),
            bindings: vec![Bind::Operand(0), Bind::Operand(1), Bind::Output, Bind::Faults],
            params,
            groups: groups_1d(count, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

impl Tensor {
    /// Selects slices along `dim` by `index`, a vector of integers. An index out of range is an
    /// error when the result is computed.
    /// [torch.index_select](https://docs.pytorch.org/docs/stable/generated/torch.index_select.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let cpu = Device::cpu();
    /// let x = Tensor::from_slice(&[1, 2, 3, 4, 5, 6], [3, 2], &cpu)?;
    /// let rows = x.index_select(0, &Tensor::from_slice(&[2, 0], [2], &cpu)?)?;
    /// assert_eq!(block_on(rows.to_vec::<i32>())?, [5, 6, 1, 2]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range; the index is not a vector of integers.
    pub fn index_select(&self, dim: isize, index: &Self) -> Result<Self> {
        let index = index.as_index("index_select")?;
        if index.ndim() > 1 {
            let rule = format!("the index should be a vector, it has shape {}", index.shape());
            return Err(Error::shape("index_select", rule));
        }
        let dim = self.shape().dim("index_select", dim)?;
        if self.ndim() == 0 {
            return self.reshape(&[1])?.index_select(0, &index)?.reshape(&[]);
        }
        let lookup = Lookup::new("index_select", dim, true);
        Self::call(Gather(lookup), &[self, &index.reshape(&[-1])?])
    }

    /// Computes `output[i, j, k] = self[i, index[i, j, k], k]` for `dim` 1, and likewise for
    /// others.
    /// [torch.gather](https://docs.pytorch.org/docs/stable/generated/torch.gather.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// let index = Tensor::from_nested(&[[1_i32], [0]], &cpu)?;
    /// assert_eq!(x.gather(1, &index)?.to_string(), "tensor([[2.],\n        [3.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range; the index has another number of dimensions, is larger in a
    /// dimension other than `dim`, or is not of integers.
    pub fn gather(&self, dim: isize, index: &Self) -> Result<Self> {
        let index = index.as_index("gather")?;
        let dim = self.shape().dim("gather", dim)?;
        let part = self.under(&index, dim, "gather")?;
        if self.ndim() == 0 {
            return self.reshape(&[1])?.gather(0, &index.reshape(&[1])?)?.reshape(&[]);
        }
        Self::call(Gather(Lookup::new("gather", dim, false)), &[&part, &index])
    }

    /// Converts integers to the indices that kernels take.
    pub(crate) fn as_index(&self, op: &'static str) -> Result<Self> {
        match self.dtype() {
            // A value beyond 32 bits is clamped, and stays out of every range.
            DType::I64 => self.clamp(Some(i32::MIN.into()), Some(i32::MAX.into()))?.to_dtype(DType::I32),
            dtype if dtype.is_int() => self.to_dtype(DType::I32),
            dtype => Err(Error::dtype(op, format!("expected indices of integers, got {dtype}"))),
        }
    }

    /// Returns the part of this tensor that an index of the same number of dimensions can reach:
    /// narrowed to the index's sizes in all dimensions but `dim`.
    pub(super) fn under(&self, index: &Self, dim: usize, op: &'static str) -> Result<Self> {
        if index.ndim() != self.ndim() {
            let rule =
                format!("the index should have the dimensions of {}, it has shape {}", self.shape(), index.shape());
            return Err(Error::shape(op, rule));
        }
        let mut part = self.clone();
        for d in (0..self.ndim()).filter(|d| *d != dim && index.dims()[*d] != self.dims()[*d]) {
            if index.dims()[d] > self.dims()[d] {
                let rule = format!(
                    "the index of shape {} should be no larger than {} except in dimension {dim}",
                    index.shape(),
                    self.shape()
                );
                return Err(Error::shape(op, rule));
            }
            part = part.take(op, d, 0, index.dims()[d], 1)?;
        }
        Ok(part)
    }
}

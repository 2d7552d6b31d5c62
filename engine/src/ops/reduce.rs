//! The family of reductions: `output[o]` is computed from `input[o, r]` over all r. A member
//! reduces a run of elements on the CPU; on the GPU it accumulates elements and merges
//! accumulations, and `program` divides the work. The order is fixed, so the same input gives the
//! same bits.

mod amax;
mod any;
mod argmax;
mod logsumexp;
mod mean;
mod norm;
mod prod;
pub(crate) mod program;
mod runs;
mod sum;
pub(crate) mod var;

use std::fmt::Debug;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use crate::device::{DType, Device, Element, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor, View, ViewSpec,
    Vjp, typed_mut,
};
use crate::{Error, Result, dispatch, shader};

use program::Reduction;
pub use program::set_team;
pub(crate) use runs::{map_runs, sum_of};

/// Dimensions of a shape, sorted.
pub(crate) type Dims = SmallVec<[usize; 6]>;

/// A reduction; its fields are its arguments.
pub(crate) trait Reduce: Debug + Send + Sync + Clone + 'static {
    /// PyTorch's name.
    const NAME: &'static str;
    /// Shader: `Acc`, `Output`, `acc_start`, `acc_add`, `acc_merge`, `acc_finalize` over `Element`.
    const WGSL: &'static [&'static str];
    /// Shader of `better` and `worst`, where [`Reduce::WGSL`] compares elements.
    const ORDER: &'static [&'static str] = &[];
    /// Size of the shader's `Acc`, in words.
    const ACC_WORDS: usize = 1;
    /// Number of results for each run; more than one form a leading dimension.
    const PLANES: usize = 1;
    /// Tensors that the derivative reads.
    const SAVES: Saves;

    /// Returns the type of the result.
    fn output(&self, input: DType) -> DType {
        input
    }

    /// Returns at most one number that may change from step to step; the shader's `params.scalar`.
    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    /// Reduces a run of elements to one number for each plane, in f64.
    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]);

    /// Reduces a run of 64-bit integers exactly; `None` if f64 is exact as well, or if the
    /// operation takes no integers.
    fn run_i64(&self, _run: &[i64]) -> Option<i64> {
        None
    }

    /// Computes the gradient of the input. `dims` are the reduced dimensions; `grad` and the output
    /// have size 1 there.
    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, dims: &[usize]) -> Result<Tensor>;
}

#[derive(Debug)]
struct ReduceOp<R> {
    op: R,
    dims: Dims,
}

impl<R: Reduce> Function for ReduceOp<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn saves(&self) -> Saves {
        R::SAVES
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(self.op.vjp(cx, grad, &self.dims)?)])
    }
}

impl<R: Reduce> Op for ReduceOp<R> {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let shape = operands[0].shape.reduce(&self.dims, true);
        let planes = (R::PLANES > 1).then_some(R::PLANES);
        Ok(Spec {
            shape: Shape::new(planes.into_iter().chain(shape.iter().copied())),
            dtype: self.op.output(operands[0].dtype),
        })
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.dims.hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        self.op.scalars()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl<R: Reduce> Kernel for ReduceOp<R> {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        Reduction::fits(layout, &self.dims)
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let input = &operands[0];
        let from = input.data.dtype();
        dispatch!(from, T => {
            let data = input.typed::<T>()?;
            if from != DType::I64 {
                let run = |_: usize, [run]: [&[T]; 1], planes: &mut [f64]| self.op.run(run, planes);
                let results = map_runs([data], input.layout, &self.dims, R::PLANES, run);
                return store(&results, R::PLANES, output);
            }
            // Exact 64-bit results do not fit an f64.
            let run = |_: usize, [run]: [&[T]; 1], results: &mut [Exact]| {
                let exact = i64::downcast_slice(T::slice(run)).and_then(|run| self.op.run_i64(run));
                if let Some(exact) = exact {
                    results[0] = Exact::Int(exact);
                    return;
                }
                let mut planes = vec![0.0; R::PLANES];
                self.op.run(run, &mut planes);
                results.iter_mut().zip(planes).for_each(|(result, x)| *result = Exact::Float(x));
            };
            let results = map_runs([data], input.layout, &self.dims, R::PLANES, run);
            store(&results, R::PLANES, output)
        })
    }

    fn gpu(&self, operands: &[ViewSpec], _output: &Spec, device: &Device) -> Result<Program> {
        Reduction {
            name: R::NAME,
            pieces: [R::WGSL, R::ORDER, element(R::NAME, operands[0].dtype)?, shader!("shared/reduce_input")].concat(),
            operands: &[Bind::Operand(0)],
            layout: &operands[0].layout,
            dims: &self.dims,
            acc_words: R::ACC_WORDS,
            planes: R::PLANES,
            scalar: if self.op.scalars().is_empty() { Param::Word(0) } else { Param::Scalar(0) },
        }
        .program(device)
    }

    fn fuses_epilogue(&self) -> bool {
        true
    }
}

/// A result before conversion to its type.
trait Number: Copy {
    fn to<U: Element>(self) -> U;
}

impl Number for f64 {
    fn to<U: Element>(self) -> U {
        U::from_f64(self)
    }
}

/// A result of 64-bit integers.
#[derive(Clone, Copy)]
enum Exact {
    Int(i64),
    Float(f64),
}

impl Default for Exact {
    fn default() -> Self {
        Self::Float(0.0)
    }
}

impl Number for Exact {
    fn to<U: Element>(self) -> U {
        match self {
            Self::Int(x) => U::from_i64(x),
            Self::Float(x) => U::from_f64(x),
        }
    }
}

/// Writes results, `planes` of them for each run, plane by plane.
fn store<N: Number>(results: &[N], planes: usize, output: SliceMut<'_>) -> Result<()> {
    let outputs = results.len() / planes;
    dispatch!(output.dtype(), U => {
        let output = typed_mut::<U>(output)?;
        for (o, results) in results.chunks_exact(planes).enumerate() {
            results.iter().enumerate().for_each(|(plane, x)| output[plane * outputs + o] = x.to());
        }
    });
    Ok(())
}

/// Returns the piece of WGSL that defines `Element` for this type.
fn element(op: &'static str, dtype: DType) -> Result<&'static [&'static str]> {
    match dtype {
        DType::I32 => Ok(shader!("shared/element_i32")),
        DType::F32 => Ok(shader!("shared/element_f32")),
        DType::U32 | DType::Bool => Ok(shader!("shared/element_u32")),
        DType::I64 | DType::F64 => Err(Error::dtype(op, format!("the GPU has no such operation for {dtype}"))),
    }
}

/// Splits a layout into the dimensions kept and those reduced, both from offset 0.
pub(crate) fn split(layout: &Layout, dims: &[usize]) -> (Layout, Layout) {
    let pick = |reduced: bool| {
        let chosen: Dims = (0..layout.shape.len()).filter(|d| dims.contains(d) == reduced).collect();
        Layout {
            shape: Shape::new(chosen.iter().map(|d| layout.shape[*d])),
            strides: chosen.iter().map(|d| layout.strides[*d]).collect(),
            offset: 0,
        }
    };
    (pick(false), pick(true))
}

impl Tensor {
    /// Reduces `dims` (all of them if `None`).
    ///
    /// # Errors
    /// A dimension that is out of range or repeated.
    pub(crate) fn reduce<R: Reduce>(&self, op: R, dims: Option<&[isize]>, keepdim: bool) -> Result<Self> {
        let dims = self.reduced_dims(R::NAME, dims)?;
        let squeezed = self.shape().reduce(&dims, false);
        let reduced = Self::call(ReduceOp { op, dims }, &[self])?;
        if keepdim { Ok(reduced) } else { reduced.reshape_to(&squeezed) }
    }

    /// Returns the planes of a reduction with several results, each with size 1 in the reduced
    /// dimensions.
    pub(crate) fn reduce_planes<R: Reduce>(&self, op: R, dims: &[usize]) -> Result<Vec<Self>> {
        let dims = Dims::from_slice(dims);
        let packed = Self::call(ReduceOp { op, dims }, &[self])?;
        (0..R::PLANES).map(|plane| packed.select(0, plane as isize)).collect()
    }

    /// Resolves `dims` (all of them if `None`) and sorts them; a scalar has none.
    pub(crate) fn reduced_dims(&self, op: &'static str, dims: Option<&[isize]>) -> Result<Dims> {
        let dims = match dims {
            Some(dims) => self.shape().dims(op, dims)?,
            None => (0..self.ndim()).collect(),
        };
        Ok(dims.into_iter().filter(|d| *d < self.ndim()).collect())
    }

    /// Returns the number of elements reduced to each result.
    pub(crate) fn count_over(&self, dims: &[usize]) -> usize {
        dims.iter().map(|d| self.dims()[*d]).product()
    }

    /// Refuses an empty reduction, for operations without a result in that case.
    pub(crate) fn not_empty_over(&self, op: &'static str, dims: Option<&[isize]>) -> Result<()> {
        if dims.is_none() && self.numel() == 0 {
            let rule = format!("expected reduction dim to be specified for an empty tensor of shape {}", self.shape());
            return Err(Error::shape(op, rule));
        }
        match self.reduced_dims(op, dims)?.iter().find(|d| self.dims()[**d] == 0) {
            Some(dim) => {
                let rule = format!("expected reduction dim {dim} to have non-zero size, the shape is {}", self.shape());
                Err(Error::shape(op, rule))
            }
            None => Ok(()),
        }
    }
}

/// Converts dimensions for [`Tensor::sum_dim`] and the like, which take signed ones.
pub(crate) fn signed(dims: &[usize]) -> SmallVec<[isize; 6]> {
    dims.iter().map(|d| *d as isize).collect()
}

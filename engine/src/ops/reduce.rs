//! The family of reductions: `output[o]` is made of `input[o, r]` over all r. A member says what it makes of a run
//! of elements on the CPU, and on the GPU how elements are accumulated and accumulations merged; how the work is
//! cut stands in `program`. The order is fixed, so the same input gives the same bits.

mod amax;
mod any;
mod argmax;
mod logsumexp;
mod mean;
mod norm;
mod prod;
pub(crate) mod program;
mod sum;
pub(crate) mod var;

use std::fmt::Debug;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use crate::device::{DType, Device, Element, SliceMut};
use crate::tensor::{
    Bind, Compute, Cursor, Function, Kernel, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Strides, Tensor,
    View, ViewSpec, Vjp, typed_mut,
};
use crate::{Error, Result, dispatch, shader};

use program::Reduction;
pub use program::set_team;

/// Dimensions of a shape, sorted.
pub(crate) type Dims = SmallVec<[usize; 6]>;

/// A reduction; its fields are its arguments.
pub(crate) trait Reduce: Debug + Send + Sync + Clone + 'static {
    /// PyTorch's name.
    const NAME: &'static str;
    /// The shader: `Acc`, `Output`, `acc_start`, `acc_add`, `acc_merge`, `acc_finish` over `Element`.
    const WGSL: &'static [&'static str];
    /// Words of the shader's `Acc`.
    const ACC_WORDS: usize = 1;
    /// Results for each run; more than one make a leading dimension.
    const PLANES: usize = 1;
    /// What the derivative looks at.
    const SAVES: Saves;

    /// The type of the result.
    fn output(&self, input: DType) -> DType {
        input
    }

    /// At most one number that may change from step to step; the shader's `params.scalar`.
    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    /// What is made of a run of elements: one number for each plane, computed in f64.
    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]);

    /// What is made of a run of 64-bit integers, exactly; `None` if nothing is that f64 does not tell as well, or if the
    /// operation takes no integers.
    fn run_i64(&self, _run: &[i64]) -> Option<i64> {
        None
    }

    /// The gradient of the input. `dims` are the reduced dimensions; `grad` and the output have size 1 there.
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

    fn overwrites(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let input = &operands[0];
        let outputs = output.len() / R::PLANES;
        let (from, to) = (input.data.dtype(), output.dtype());
        dispatch!(from, T => {
            let data = input.typed::<T>()?;
            if from == DType::I64 {
                // What is exact in 64 bits is not in an f64.
                let run = |_: usize, [run]: [&[T]; 1], results: &mut [(f64, Option<i64>)]| {
                    results[0].1 = i64::of_slice(T::slice(run)).and_then(|run| self.op.run_i64(run));
                    if results[0].1.is_none() {
                        let mut planes = vec![0.0; R::PLANES];
                        self.op.run(run, &mut planes);
                        results.iter_mut().zip(planes).for_each(|(result, x)| result.0 = x);
                    }
                };
                let results = map_runs([data], input.layout, &self.dims, R::PLANES, run);
                dispatch!(to, U => {
                    let output = typed_mut::<U>(output)?;
                    for (o, planes) in results.chunks_exact(R::PLANES).enumerate() {
                        for (plane, (x, exact)) in planes.iter().enumerate() {
                            output[plane * outputs + o] = exact.map_or_else(|| U::from_f64(*x), U::from_i64);
                        }
                    }
                });
                return Ok(());
            }
            let run = |_: usize, [run]: [&[T]; 1], planes: &mut [f64]| self.op.run(run, planes);
            let results = map_runs([data], input.layout, &self.dims, R::PLANES, run);
            dispatch!(to, U => {
                let output = typed_mut::<U>(output)?;
                for (o, planes) in results.chunks_exact(R::PLANES).enumerate() {
                    planes.iter().enumerate().for_each(|(plane, x)| output[plane * outputs + o] = U::from_f64(*x));
                }
            })
        });
        Ok(())
    }

    fn gpu(&self, operands: &[ViewSpec], _output: &Spec, device: &Device) -> Result<Program> {
        let mut pieces = R::WGSL.to_vec();
        pieces.push(element(R::NAME, operands[0].dtype)?);
        pieces.extend([shader!("shared/reduce_input"), shader!("shared/team")]);
        Reduction {
            name: R::NAME,
            pieces,
            operands: &[Bind::Operand(0)],
            layout: &operands[0].layout,
            dims: &self.dims,
            acc_words: R::ACC_WORDS,
            planes: R::PLANES,
            scalar: if self.op.scalars().is_empty() { Param::Word(0) } else { Param::Scalar(0) },
        }
        .program(device)
    }

    fn finishes(&self) -> bool {
        true
    }
}

/// The piece of WGSL that says what an `Element` of this type is.
fn element(op: &'static str, dtype: DType) -> Result<&'static str> {
    match dtype {
        DType::I32 => Ok(shader!("shared/element_i32")),
        DType::F32 => Ok(shader!("shared/element_f32")),
        DType::U32 | DType::Bool => Ok(shader!("shared/element_u32")),
        DType::I64 | DType::F64 => Err(Error::dtype(op, format!("the GPU has no such operation for {dtype}"))),
    }
}

/// The layouts over the dimensions that are kept and over those that are reduced, both from offset 0.
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

/// Reductions smaller than this are not worth other threads.
#[cfg(not(target_arch = "wasm32"))]
const WORTH_THREADS: usize = 1 << 16;

/// What `f` makes of each result's number and the elements it is made of, in row-major order, of tensors that lie
/// alike: `planes` numbers for each result, side by side. Results are shared out among threads.
pub(crate) fn map_runs<T: Element, R: Copy + Default + Send, const N: usize>(
    data: [&[T]; N],
    layout: &Layout,
    dims: &[usize],
    planes: usize,
    f: impl Fn(usize, [&[T]; N], &mut [R]) + Sync,
) -> Vec<R> {
    let (kept, reduced) = split(layout, dims);
    let outputs = kept.numel();
    let mut results = vec![R::default(); outputs * planes];
    let runs = Runs::new(kept, &reduced, layout.offset);
    #[cfg(not(target_arch = "wasm32"))]
    if outputs > 1 && outputs * runs.length > WORTH_THREADS && rayon::current_num_threads() > 1 {
        use rayon::prelude::*;
        let share = outputs.div_ceil(4 * rayon::current_num_threads());
        let parts = results.par_chunks_mut(share * planes).enumerate();
        parts.for_each(|(i, results)| runs.visit(data, i * share, results, planes, &f));
        return results;
    }
    runs.visit(data, 0, &mut results, planes, &f);
    results
}

/// How the elements of each result lie.
struct Runs {
    /// The first element of each.
    kept: Layout,
    length: usize,
    /// Whether they lie side by side.
    contiguous: bool,
    /// Where the runs along the innermost dimension start, how long they are, and the step within.
    starts: Vec<isize>,
    inner: usize,
    step: isize,
}

impl Runs {
    fn new(kept: Layout, reduced: &Layout, offset: usize) -> Self {
        let (sizes, strides) = reduced.collapse();
        let length = reduced.numel();
        Self {
            kept: Layout { offset, ..kept },
            length,
            contiguous: sizes.is_empty() || sizes.len() == 1 && strides[0] == 1,
            starts: if length == 0 || sizes.is_empty() { Vec::new() } else { run_starts(&sizes, &strides) },
            inner: sizes.last().copied().unwrap_or(1),
            step: strides.last().copied().unwrap_or(1),
        }
    }

    /// Visits results from number `first` on. Runs that lie contiguous are not copied; others are gathered, neighbouring
    /// results together so that memory is read in order.
    fn visit<T: Element, R, const N: usize>(
        &self,
        data: [&[T]; N],
        first: usize,
        results: &mut [R],
        planes: usize,
        f: &impl Fn(usize, [&[T]; N], &mut [R]),
    ) {
        /// Elements gathered at once, and results.
        const SCRATCH: usize = 1 << 15;
        const MOST_RESULTS: usize = 32;
        let length = self.length;
        let mut results = results.chunks_exact_mut(planes).enumerate().map(|(i, result)| (first + i, result));
        if length == 0 {
            results.for_each(|(o, result)| f(o, [&[]; N], result));
            return;
        }
        let mut cursor = Cursor::at(&self.kept, first);
        if self.contiguous {
            for (o, result) in results {
                let place = cursor.next_place();
                f(o, data.map(|data| &data[place..place + length]), result);
            }
            return;
        }
        let most = (SCRATCH / length).clamp(8, MOST_RESULTS);
        let mut scratch = data.map(|_| Vec::<T>::new());
        while results.len() > 0 {
            let (stride, left) = cursor.run();
            let n = if stride == 1 { left.min(most).min(results.len()) } else { 1 };
            let base = cursor.place() as isize;
            for (scratch, data) in scratch.iter_mut().zip(data) {
                scratch.resize(n * length, T::default());
                self.gather(data, base, n, scratch);
            }
            for (j, (o, result)) in results.by_ref().take(n).enumerate() {
                f(o, std::array::from_fn(|i| &scratch[i][j * length..(j + 1) * length]), result);
            }
            cursor.advance(n);
        }
    }

    /// Copies the elements of `n` neighbouring results, the first of which begins at `base`, side by side.
    fn gather<T: Element>(&self, data: &[T], base: isize, n: usize, scratch: &mut [T]) {
        for (i, start) in self.starts.iter().enumerate() {
            let (first, r) = (base + start, i * self.inner);
            if n == 1 && self.step == 1 {
                scratch[r..r + self.inner].copy_from_slice(&data[first as usize..first as usize + self.inner]);
                continue;
            }
            for k in 0..self.inner {
                let place = (first + k as isize * self.step) as usize;
                for (j, x) in data[place..place + n].iter().enumerate() {
                    scratch[j * self.length + r + k] = *x;
                }
            }
        }
    }
}

/// Where the runs along the innermost dimension start.
fn run_starts(sizes: &[usize], strides: &Strides) -> Vec<isize> {
    let outer = sizes.len() - 1;
    let mut starts = vec![0];
    for (size, stride) in sizes[..outer].iter().zip(strides) {
        starts = starts.iter().flat_map(|start| (0..*size as isize).map(move |i| start + i * stride)).collect();
    }
    starts
}

impl Tensor {
    /// Reduces `dims` (all of them if `None`).
    ///
    /// # Errors
    /// A dimension that does not exist or is named twice.
    pub(crate) fn reduce<R: Reduce>(&self, op: R, dims: Option<&[isize]>, keepdim: bool) -> Result<Self> {
        let dims = self.reduced_dims(R::NAME, dims)?;
        let squeezed = self.shape().reduce(&dims, false);
        let reduced = Self::apply(ReduceOp { op, dims }, &[self])?;
        if keepdim { Ok(reduced) } else { reduced.reshape_to(&squeezed) }
    }

    /// The planes of a reduction of several results, each with size 1 in the dimensions reduced.
    pub(crate) fn reduce_planes<R: Reduce>(&self, op: R, dims: &[usize]) -> Result<Vec<Self>> {
        let dims = Dims::from_slice(dims);
        let packed = Self::apply(ReduceOp { op, dims }, &[self])?;
        (0..R::PLANES).map(|plane| packed.select(0, plane as isize)).collect()
    }

    /// The dimensions that `dims` names (all of them if `None`), sorted; a scalar has none.
    pub(crate) fn reduced_dims(&self, op: &'static str, dims: Option<&[isize]>) -> Result<Dims> {
        let dims = match dims {
            Some(dims) => self.shape().dims(op, dims)?,
            None => (0..self.ndim()).collect(),
        };
        Ok(dims.into_iter().filter(|d| *d < self.ndim()).collect())
    }

    /// How many elements each result of a reduction is made of.
    pub(crate) fn count_over(&self, dims: &[usize]) -> usize {
        dims.iter().map(|d| self.dims()[*d]).product()
    }

    /// Refuses a reduction of nothing, for operations that have no result then.
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

/// [`Tensor::sum_dim`] and its like take signed dimensions.
pub(crate) fn signed(dims: &[usize]) -> SmallVec<[isize; 6]> {
    dims.iter().map(|d| *d as isize).collect()
}

/// `f` of every element, added up in several lanes, which the compiler turns into vectors.
pub(crate) fn sum_of<T: Element>(run: &[T], f: impl Fn(f64) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let chunks = run.chunks_exact(LANES);
    let rest: f64 = chunks.remainder().iter().map(|x| f(x.to_f64())).sum();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x.to_f64());
        }
    }
    lanes.iter().sum::<f64>() + rest
}

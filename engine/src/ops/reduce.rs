//! The family of reductions: `output[o] = finish(combine of input[o, r] over r)`. A member gives the start, the
//! combination and the end, in Rust and in WGSL. Long reductions with few results are cut into parts that run side
//! by side and are combined in a second launch; the order is fixed, so the same input gives the same bits.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use crate::device::gpu::KernelSource;
use crate::device::{DType, Device, Element, SliceMut};
use crate::tensor::{
    Bind, Compute, Cursor, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor,
    View, ViewSpec, Vjp, groups_1d, typed_mut,
};
use crate::{Error, Result, dispatch, shader};

/// The shader takes so many kept and so many reduced dimensions, after neighbours have been joined.
const MOST_DIMS: usize = 8;

/// Elements that one thread combines at most, and threads beyond which cutting gains nothing.
const LONGEST_CHUNK: usize = 256;
const ENOUGH_THREADS: usize = 16_384;

/// A reduction; its fields are its arguments.
pub(crate) trait Reduce: Debug + Send + Sync + Clone + 'static {
    /// PyTorch's name, and the stem of the shader.
    const NAME: &'static str;
    /// The shader: `reduce_start`, `reduce_combine`, `reduce_finish` over `Element`.
    const WGSL: &'static str;
    /// What the derivative looks at.
    const SAVES: Saves;

    /// What combining begins with.
    fn start<T: Element>(&self) -> T;

    /// Adds an element to what has been combined; accumulated in f64, or exactly for integers.
    fn combine(&self, acc: f64, x: f64) -> f64;

    /// The result of `n` elements.
    fn finish(&self, acc: f64, n: usize) -> f64;

    /// The gradient of the input. `dims` are the reduced dimensions; `grad` and the output have size 1 there.
    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, dims: &[usize]) -> Result<Tensor>;
}

#[derive(Debug)]
struct ReduceOp<R> {
    op: R,
    dims: SmallVec<[usize; 6]>,
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
        Ok(Spec { shape: operands[0].shape.reduce(&self.dims, true), dtype: operands[0].dtype })
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.dims.hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl<R: Reduce> ReduceOp<R> {
    /// The layouts over the kept and over the reduced dimensions.
    fn split(&self, layout: &Layout) -> (Layout, Layout) {
        let pick = |reduced: bool| {
            let chosen: Vec<usize> = (0..layout.shape.len()).filter(|d| self.dims.contains(d) == reduced).collect();
            Layout {
                shape: Shape::new(chosen.iter().map(|d| layout.shape[*d])),
                strides: chosen.iter().map(|d| layout.strides[*d]).collect(),
                offset: 0,
            }
        };
        (pick(false), pick(true))
    }
}

impl<R: Reduce> Kernel for ReduceOp<R> {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        let (kept, reduced) = self.split(layout);
        kept.collapse().0.len() <= MOST_DIMS && reduced.collapse().0.len() <= MOST_DIMS
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let input = &operands[0];
        let (kept, reduced) = self.split(input.layout);
        dispatch!(output.dtype(), T => {
            let data = input.typed::<T>()?;
            let length = reduced.numel();
            let mut kept = Cursor::new(&Layout { offset: input.layout.offset, ..kept });
            let mut places = Vec::with_capacity(length);
            reduced.for_each(|place| places.push(place as isize));
            for out in typed_mut::<T>(output)? {
                let base = kept.next_place() as isize;
                let start: T = self.op.start();
                let acc = places.iter().fold(start.to_f64(), |acc, place| {
                    self.op.combine(acc, data[(base + place) as usize].to_f64())
                });
                *out = T::from_f64(self.op.finish(acc, length));
            }
        });
        Ok(())
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let layout = &operands[0].layout;
        let (kept, reduced) = self.split(layout);
        let (outputs, length) = (output.shape.numel(), reduced.numel());
        if outputs == 0 {
            return Ok(Program::default());
        }
        let splits = length.div_ceil(LONGEST_CHUNK).min(ENOUGH_THREADS.div_ceil(outputs)).max(1);
        let chunk = length.div_ceil(splits);
        let splits = length.div_ceil(chunk.max(1)).max(1);
        let element = match operands[0].dtype {
            DType::I32 => shader!("shared/element_i32"),
            DType::F32 => shader!("shared/element_f32"),
            dtype => return Err(Error::dtype(R::NAME, format!("{dtype} cannot be reduced on the GPU"))),
        };
        let source = KernelSource::new(R::NAME, &[R::WGSL, element, shader!("reduce")]);
        let head = |splits: usize| {
            vec![
                Param::from(outputs),
                Param::from(length),
                Param::from(splits),
                Param::from(chunk),
                Param::from(layout.offset),
            ]
        };
        let mut params = head(splits);
        let (kept, reduced) = (kept.collapse(), reduced.collapse());
        params.extend([Param::from(kept.0.len()), Param::from(reduced.0.len()), Param::Word(0)]);
        for (sizes, strides) in [kept, reduced] {
            let inner = |i: usize| sizes.len().checked_sub(i + 1);
            params.extend((0..MOST_DIMS).map(|i| inner(i).map_or(Param::Word(1), |d| Param::from(sizes[d]))));
            params.extend((0..MOST_DIMS).map(|i| inner(i).map_or(Param::Word(0), |d| Param::from(strides[d]))));
        }
        let single = splits == 1;
        let first = Launch {
            source: source.clone().entry(if single { "reduce" } else { "reduce_part" }),
            bindings: vec![Bind::Operand(0), if single { Bind::Output } else { Bind::Scratch(0) }],
            params: params.clone(),
            groups: groups_1d(outputs * splits, 64),
        };
        if single {
            return Ok(Program { launches: vec![first], scratch: Vec::new() });
        }
        let second = Launch {
            source: source.entry("reduce_parts"),
            bindings: vec![Bind::ScratchRead(0), Bind::Output],
            params,
            groups: groups_1d(outputs, 64),
        };
        Ok(Program { launches: vec![first, second], scratch: vec![outputs * splits] })
    }
}

impl Tensor {
    /// Reduces `dims` (all of them if `None`).
    ///
    /// # Errors
    /// A dimension that does not exist or is named twice.
    pub(crate) fn reduce<R: Reduce>(&self, op: R, dims: Option<&[isize]>, keepdim: bool) -> Result<Self> {
        let dims = match dims {
            Some(dims) => self.shape().dims(R::NAME, dims)?,
            None => (0..self.ndim()).collect(),
        };
        let dims: SmallVec<[usize; 6]> = dims.into_iter().filter(|d| *d < self.ndim()).collect();
        let squeezed = self.shape().reduce(&dims, false);
        let reduced = Self::apply(ReduceOp { op, dims }, &[self])?;
        if keepdim { Ok(reduced) } else { reduced.reshape_to(&squeezed) }
    }
}

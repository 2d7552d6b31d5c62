//! The families of pointwise operations with bool results: of two tensors (`Compare`), after
//! broadcasting and type promotion, and of one (`Classify`). A member has the predicate in Rust and
//! in WGSL: `NAME_forward_f32`, `_i32`, `_i64` and `_u32`, or `_bool` for predicates of bools;
//! `NAME_forward` for predicates of floats only. There is no derivative.

mod eq;
mod ge;
mod gt;
mod isfinite;
mod isinf;
mod isnan;
mod le;
mod logical_and;
mod logical_not;
mod logical_or;
mod logical_xor;
mod lt;
mod ne;

use std::fmt::Debug;
use std::hash::Hasher;
use std::marker::PhantomData;

use kindling_gemm::vectorized;
use smallvec::smallvec;

use crate::device::{DType, Element, Float, Slice, SliceMut};
use crate::tensor::{Compute, Function, Op, Pointwise, Saves, Scalars, Spec, Tensor, Vjp, WgslFn, typed, typed_mut};
use crate::{Error, Result, dispatch};

/// A predicate of two elements.
pub(crate) trait Compare: Debug + Send + Sync + 'static {
    /// PyTorch's name, and the stem of the shader.
    const NAME: &'static str;
    /// Shader, with the pieces it calls.
    const WGSL: &'static [&'static str];
    /// Compares bools as they are instead of as 0 and 1; `false` by default.
    const OF_BOOLS: bool = false;

    /// Evaluates the predicate.
    fn test<T: Element>(x: T, y: T) -> bool;
}

/// A predicate of one float.
pub(crate) trait Classify: Debug + Send + Sync + 'static {
    /// PyTorch's name, and the stem of the shader.
    const NAME: &'static str;
    /// Shader, with the pieces it calls.
    const WGSL: &'static [&'static str];

    /// Evaluates the predicate.
    fn test<T: Float>(x: T) -> bool;
}

#[derive(Debug)]
struct CompareOp<C>(PhantomData<C>);

#[derive(Debug)]
struct ClassifyOp<C>(PhantomData<C>);

macro_rules! answers_bool {
    ($op:ident, $family:ident) => {
        impl<C: $family> Function for $op<C> {
            fn name(&self) -> &'static str {
                C::NAME
            }

            fn saves(&self) -> Saves {
                Saves::NOTHING
            }

            fn vjp(&self, cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
                Ok(vec![None; cx.inputs()]) // Bools have no gradient.
            }
        }

        impl<C: $family> Op for $op<C> {
            fn infer(&self, operands: &[Spec]) -> Result<Spec> {
                Ok(Spec { dtype: DType::Bool, ..operands[0].clone() })
            }

            fn key(&self, _state: &mut dyn Hasher) {}

            fn scalars(&self) -> Scalars {
                Scalars::new()
            }

            fn compute(&self) -> Compute<'_> {
                Compute::Pointwise(self)
            }
        }
    };
}

answers_bool!(CompareOp, Compare);
answers_bool!(ClassifyOp, Classify);

impl<C: Compare> Pointwise for CompareOp<C> {
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: C::WGSL.iter().copied().collect(),
            name: format!("{}_forward_{}", C::NAME, operands[0]),
            scalars: smallvec![],
            takes_index: false,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        let output = typed_mut::<bool>(output)?;
        dispatch!(operands[0].dtype(), T => {
            let inputs = typed::<T>(operands[0])?.iter().zip(typed::<T>(operands[1])?);
            let each = output.iter_mut().zip(inputs);
            vectorized(#[inline(always)] || each.for_each(|(z, (x, y))| *z = C::test(*x, *y)));
        });
        Ok(())
    }
}

impl<C: Classify> Pointwise for ClassifyOp<C> {
    fn wgsl(&self, _operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: C::WGSL.iter().copied().collect(),
            name: format!("{}_forward", C::NAME),
            scalars: smallvec![],
            takes_index: false,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        let output = typed_mut::<bool>(output)?;
        dispatch!(operands[0].dtype(), floats T => {
            output.iter_mut().zip(typed::<T>(operands[0])?).for_each(|(z, x)| *z = C::test(*x));
            Ok(())
        }, Err(Error::internal(format!("{} was given {}", C::NAME, operands[0].dtype()))))
    }
}

impl Tensor {
    /// Evaluates a predicate of two tensors, broadcast to one shape and converted to one type.
    pub(crate) fn compare<C: Compare>(&self, other: &Self, _question: C) -> Result<Self> {
        let (mut x, mut y) = self.promoted(other)?;
        if x.dtype() == DType::Bool && !C::OF_BOOLS {
            // false < true, as 0 < 1.
            (x, y) = (x.to_dtype(DType::I32)?, y.to_dtype(DType::I32)?);
        }
        let [x, y] = Self::broadcast([&x, &y], C::NAME)?;
        Self::call(CompareOp::<C>(PhantomData), &[&x, &y])
    }

    /// Evaluates a predicate of one tensor; integers and bools as f32, in whose range they are.
    pub(crate) fn classify<C: Classify>(&self, _question: C) -> Result<Self> {
        let x = if self.dtype().is_float() { self.clone() } else { self.to_dtype(DType::F32)? };
        Self::call(ClassifyOp::<C>(PhantomData), &[&x])
    }
}

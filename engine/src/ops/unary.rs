//! The family of pointwise operations of one tensor: `output[i] = f(input[i])`. A member has `f` in
//! Rust and in WGSL (`NAME_forward` in its shader, and `NAME_forward_i32` if it takes integers) and
//! its derivative in tensor operations. Integers are converted to f32 first, as in PyTorch, unless
//! the member takes them itself.

mod abs;
mod atan;
mod ceil;
mod clamp;
mod clamp_max;
mod clamp_min;
mod cos;
mod elu;
mod erf;
mod exp;
mod expm1;
mod floor;
mod gelu;
mod glu;
mod hardsigmoid;
mod hardswish;
mod leaky_relu;
mod log;
mod log1p;
mod log2;
mod logsigmoid;
mod mish;
mod neg;
mod reciprocal;
mod relu;
mod relu6;
mod round;
mod rsqrt;
mod selu;
mod sigmoid;
mod sign;
mod silu;
mod sin;
mod softplus;
mod sqrt;
mod square;
mod tanh;
mod trunc;

use std::fmt::Debug;
use std::hash::Hasher;

use kindling_gemm::vectorized;

use super::ints::OfInts;
use crate::device::{DType, Float, Slice, SliceMut};
use crate::tensor::{Compute, Function, Op, Pointwise, Saves, Scalars, Spec, Tensor, Vjp, WgslFn, typed, typed_mut};
use crate::{Error, Result, dispatch};

pub use gelu::Gelu;

/// A pointwise operation of one tensor; its fields are its arguments.
pub(crate) trait Unary: Debug + Send + Sync + Sized + 'static {
    /// PyTorch's name, and the stem of the shader.
    const NAME: &'static str;
    /// Shader, with the pieces it calls.
    const WGSL: &'static [&'static str];
    /// Tensors that the derivative reads.
    const SAVES: Saves;
    /// Integer implementation, for operations that do not convert integers to floats.
    const INT: Option<UnaryInts<Self>> = None;

    /// Returns the arguments that the WGSL function takes after the element, in order.
    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    /// Computes one element.
    fn forward<T: Float>(&self, x: T) -> T;

    /// Computes the gradient of the input.
    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Tensor>;
}

/// Integer implementation of a member.
pub(crate) type UnaryInts<M> = OfInts<fn(&M, i32) -> i32, fn(&M, i64) -> i64>;

#[derive(Debug)]
struct UnaryOp<U>(U);

impl<U: Unary> Function for UnaryOp<U> {
    fn name(&self) -> &'static str {
        U::NAME
    }

    fn saves(&self) -> Saves {
        U::SAVES
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(self.0.vjp(cx, grad)?)])
    }
}

impl<U: Unary> Op for UnaryOp<U> {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[0].clone())
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        self.0.scalars()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl<U: Unary> Pointwise for UnaryOp<U> {
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn> {
        let suffix = if operands[0].is_int() { format!("_{}", operands[0]) } else { String::new() };
        Ok(WgslFn {
            pieces: U::WGSL.iter().copied().collect(),
            name: format!("{}_forward{suffix}", U::NAME),
            scalars: self.0.scalars().iter().map(|s| s.wgsl()).collect(),
            takes_index: false,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        match (output, operands[0], U::INT) {
            (SliceMut::I32(output), Slice::I32(input), Some(f)) => {
                output.iter_mut().zip(input).for_each(|(y, x)| *y = (f.i32)(&self.0, *x));
                Ok(())
            }
            (SliceMut::I64(output), Slice::I64(input), Some(f)) => {
                output.iter_mut().zip(input).for_each(|(y, x)| *y = (f.i64)(&self.0, *x));
                Ok(())
            }
            (output, input, _) => dispatch!(input.dtype(), floats T => {
                let (input, output) = (typed::<T>(input)?, typed_mut::<T>(output)?);
                vectorized(#[inline(always)] || output.iter_mut().zip(input).for_each(|(y, x)| *y = self.0.forward(*x)));
                Ok(())
            }, Err(Error::internal(format!("{} was given {}", U::NAME, input.dtype())))),
        }
    }
}

impl Tensor {
    /// Calls a member of the family; elements that are not floating point become integers if it
    /// takes them, else f32.
    pub(crate) fn unary<U: Unary>(&self, op: U) -> Result<Self> {
        let dtype = match self.dtype() {
            dtype if dtype.is_float() => dtype,
            dtype if U::INT.is_some() => dtype.integer(),
            _ => DType::F32,
        };
        Self::call(UnaryOp(op), &[&self.to_dtype(dtype)?])
    }
}

//! The family of pointwise operations of two tensors: `output[i] = f(input[i], other[i])`, after
//! broadcasting and type promotion. A member has `f` in Rust and in WGSL (`NAME_forward`, and
//! `NAME_forward_i32` if it takes integers) and derivatives in tensor operations; gradients are
//! summed over broadcast dimensions by `expand`.

mod add;
mod add_scalar;
mod div;
mod div_scalar;
mod maximum;
mod minimum;
mod mul;
mod mul_scalar;
mod operators;
mod pow;
mod pow_scalar;
mod rdiv_scalar;
mod rpow_scalar;
mod rsub_scalar;
mod sub;
mod sub_scalar;

use std::fmt::Debug;
use std::hash::Hasher;

use kindling_gemm::vectorized;

use super::ints::OfInts;
use crate::device::{DType, Float, Slice, SliceMut};
use crate::tensor::{Compute, Function, Op, Pointwise, Saves, Scalars, Spec, Tensor, Vjp, WgslFn, typed, typed_mut};
use crate::{Error, Result, dispatch};

/// A pointwise operation of two tensors; its fields are its arguments.
pub(crate) trait Binary: Debug + Send + Sync + Sized + 'static {
    /// PyTorch's name, and the stem of the shader.
    const NAME: &'static str;
    /// Shader, with the pieces it calls.
    const WGSL: &'static [&'static str];
    /// Tensors that the derivative reads.
    const SAVES: Saves;
    /// Integer implementation; without it integers are converted to f32.
    const INT: Option<BinaryInts<Self>>;

    /// Returns the arguments that the WGSL function takes after the elements, in order.
    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    /// Computes one element.
    fn forward<T: Float>(&self, x: T, y: T) -> T;

    /// Computes the gradients of the two inputs; those not needed by [`Vjp::needs`] may be left
    /// out.
    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<[Option<Tensor>; 2]>;
}

/// Integer implementation of a member.
pub(crate) type BinaryInts<M> = OfInts<fn(&M, i32, i32) -> i32, fn(&M, i64, i64) -> i64>;

#[derive(Debug)]
struct BinaryOp<B>(B);

impl<B: Binary> Function for BinaryOp<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn saves(&self) -> Saves {
        B::SAVES
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(self.0.vjp(cx, grad)?.into())
    }
}

impl<B: Binary> Op for BinaryOp<B> {
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

impl<B: Binary> Pointwise for BinaryOp<B> {
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn> {
        let suffix = if operands[0].is_int() { format!("_{}", operands[0]) } else { String::new() };
        Ok(WgslFn {
            pieces: B::WGSL.iter().copied().collect(),
            name: format!("{}_forward{suffix}", B::NAME),
            scalars: self.0.scalars().iter().map(|s| s.wgsl()).collect(),
            takes_index: false,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        match (output, operands[0], operands[1], B::INT) {
            (SliceMut::I32(output), Slice::I32(x), Slice::I32(y), Some(f)) => {
                output.iter_mut().zip(x.iter().zip(y)).for_each(|(z, (x, y))| *z = (f.i32)(&self.0, *x, *y));
                Ok(())
            }
            (SliceMut::I64(output), Slice::I64(x), Slice::I64(y), Some(f)) => {
                output.iter_mut().zip(x.iter().zip(y)).for_each(|(z, (x, y))| *z = (f.i64)(&self.0, *x, *y));
                Ok(())
            }
            (output, x, y, _) => dispatch!(x.dtype(), floats T => {
                let (inputs, output) = (typed::<T>(x)?.iter().zip(typed::<T>(y)?), typed_mut::<T>(output)?);
                let each = output.iter_mut().zip(inputs);
                vectorized(#[inline(always)] || each.for_each(|(z, (x, y))| *z = self.0.forward(*x, *y)));
                Ok(())
            }, Err(Error::internal(format!("{} was given {}", B::NAME, x.dtype())))),
        }
    }
}

impl Tensor {
    /// Calls a member of the family on two tensors, broadcast to one shape and converted to one
    /// type.
    pub(crate) fn binary<B: Binary>(&self, other: &Self, op: B) -> Result<Self> {
        let (x, y) = self.promoted(other)?;
        let dtype = match x.dtype() {
            dtype if dtype.is_float() => dtype,
            dtype if B::INT.is_some() => dtype.integer(),
            _ => DType::F32,
        };
        let (x, y) = (x.to_dtype(dtype)?, y.to_dtype(dtype)?);
        let [x, y] = Self::broadcast([&x, &y], B::NAME)?;
        Self::call(BinaryOp(op), &[&x, &y])
    }

    /// Converts both tensors to PyTorch's computation type: the wider of the two; a scalar tensor
    /// (0-d) does not widen one of its own category.
    pub(crate) fn promoted(&self, other: &Self) -> Result<(Self, Self)> {
        let dtype = promote(self, other);
        Ok((self.to_dtype(dtype)?, other.to_dtype(dtype)?))
    }

    /// Returns `true` if an operation with this number keeps the integer type: PyTorch's rule,
    /// which tells a Python `int` from a `float`. Here integral values count as `int`.
    pub(crate) fn computes_in_integers_with(&self, value: f64) -> bool {
        let most = if self.dtype() == DType::I64 { -(i64::MIN as f64) } else { -f64::from(i32::MIN) };
        !self.dtype().is_float() && value.fract() == 0.0 && -most <= value && value < most
    }

    /// Creates a tensor filled with a number, in this tensor's shape and in PyTorch's type for the
    /// number next to this tensor. It is fused into its consumer, so it costs nothing.
    pub(crate) fn number_like(&self, value: f64) -> Result<Self> {
        let dtype = match self.dtype() {
            dtype if dtype.is_float() => dtype,
            dtype if self.computes_in_integers_with(value) => dtype.integer(),
            _ => DType::F32,
        };
        Self::full(self.shape().clone(), value, (dtype, &self.device()))
    }

    /// Expands tensors to the shape they broadcast to.
    pub(crate) fn broadcast<const N: usize>(tensors: [&Self; N], op: &'static str) -> Result<[Self; N]> {
        let mut shape = tensors[0].shape().clone();
        for tensor in &tensors[1..] {
            shape = shape.broadcast(tensor.shape(), op)?;
        }
        let mut out = tensors.map(Self::clone);
        for tensor in &mut out {
            if tensor.shape() != &shape {
                *tensor = tensor.expand_to(&shape)?;
            }
        }
        Ok(out)
    }
}

/// Returns the promoted type by PyTorch's rule: bool < integers < floats, and the wider type within
/// a category. Tensors with dimensions take precedence over those without, unless the latter's
/// category is higher.
fn promote(a: &Tensor, b: &Tensor) -> DType {
    let category = |t: &Tensor| u8::from(t.dtype() != DType::Bool) + u8::from(t.dtype().is_float());
    let (high, low) = if category(a) >= category(b) { (a, b) } else { (b, a) };
    if category(high) > category(low) {
        return high.dtype();
    }
    match (a.ndim(), b.ndim()) {
        (0, n) if n > 0 => b.dtype(),
        (n, 0) if n > 0 => a.dtype(),
        _ => a.dtype().max(b.dtype()),
    }
}

//! `rand`, `randint`, `bernoulli`, `randn`, `randperm`: tensors of random numbers. The first three are computed
//! where the tensor lies, each element by itself. The others are computed on the CPU and uploaded: the logarithm and
//! the sine of adapters differ in their last bits, and a permutation has no parallel form.

use std::hash::Hasher;

use smallvec::{SmallVec, smallvec};

use crate::device::{Array, DType, Device, Element, Slice, SliceMut};
use crate::tensor::{
    Compute, Function, Op, Pointwise, Saves, Scalar, Scalars, Shape, Spec, Tensor, Vjp, WgslFn, typed, typed_mut,
};
use crate::{Error, Result, dispatch};

use super::create::TensorOptions;
use super::random::{Key, next_key, normals, threefry, uniform, word};

/// What is drawn.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Floats in [0, 1).
    Uniform,
    /// Integers from the first on, as many as the second says.
    Integers(i32, u32),
    /// 1 with the probability that the operand gives, else 0.
    Bernoulli,
}

#[derive(Debug)]
struct Rand {
    kind: Kind,
    spec: Spec,
    key: Key,
}

impl Function for Rand {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Uniform => "rand",
            Kind::Integers(..) => "randint",
            Kind::Bernoulli => "bernoulli",
        }
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![None; cx.inputs()]) // What is drawn does not move with the probability.
    }
}

impl Op for Rand {
    fn infer(&self, _operands: &[Spec]) -> Result<Spec> {
        Ok(self.spec.clone())
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        let mut scalars: Scalars = smallvec![Scalar::Word(self.key[0]), Scalar::Word(self.key[1])];
        if let Kind::Integers(low, span) = self.kind {
            scalars.extend([Scalar::Int(low), Scalar::Word(span)]);
        }
        scalars
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for Rand {
    fn wgsl(&self, _operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: smallvec![crate::shader!("rand"), crate::shader!("shared/random")],
            name: format!("{}_forward", self.name()),
            scalars: self.scalars().iter().map(|s| s.wgsl()).collect(),
            takes_index: true,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], first: usize, output: SliceMut<'_>) -> Result<()> {
        dispatch!(output.dtype(), T => {
            let output = typed_mut::<T>(output)?;
            let probabilities = operands.first().map(|p| typed::<T>(*p)).transpose()?.unwrap_or_default();
            for (i, y) in output.iter_mut().enumerate() {
                *y = T::from_f64(match self.kind {
                    Kind::Uniform => f64::from(uniform(self.key, first + i)),
                    Kind::Integers(low, span) => f64::from(low.wrapping_add((word(self.key, first + i) % span) as i32)),
                    Kind::Bernoulli => {
                        let p = probabilities[i].to_f64();
                        if !(0.0..=1.0).contains(&p) {
                            return Err(Error::value("bernoulli", format!("{p} is no probability, which is 0 to 1")));
                        }
                        f64::from(u8::from(uniform(self.key, first + i) < p as f32))
                    }
                });
            }
        });
        Ok(())
    }
}

impl Tensor {
    /// Random numbers in [0, 1), all alike probable. The same seed gives the same numbers on every device.
    /// [torch.rand](https://docs.pytorch.org/docs/stable/generated/torch.rand.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on, manual_seed};
    /// # fn main() -> kindling::Result<()> {
    /// manual_seed(0);
    /// let x = Tensor::rand([2, 3], &Device::cpu())?;
    /// assert!(block_on(x.to_vec::<f32>())?.iter().all(|x| (0.0..1.0).contains(x)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A type that is no float; f64 on a GPU.
    pub fn rand(shape: impl Into<Shape>, options: impl Into<TensorOptions>) -> Result<Self> {
        let TensorOptions { dtype, device } = options.into();
        floats("rand", dtype)?;
        let spec = Spec { shape: shape.into(), dtype };
        Self::create(Rand { kind: Kind::Uniform, spec, key: next_key() }, &device)
    }

    /// [`Tensor::rand`] with the shape, type and device of `self`.
    ///
    /// # Errors
    /// A type that is no float.
    pub fn rand_like(&self) -> Result<Self> {
        Self::rand(self.shape().clone(), (self.dtype(), &self.device()))
    }

    /// Normal deviates: mean 0, standard deviation 1. The same seed gives the same numbers on every device.
    /// [torch.randn](https://docs.pytorch.org/docs/stable/generated/torch.randn.html)
    ///
    /// # Errors
    /// A type that is no float; f64 on a GPU.
    pub fn randn(shape: impl Into<Shape>, options: impl Into<TensorOptions>) -> Result<Self> {
        let TensorOptions { dtype, device } = options.into();
        floats("randn", dtype)?;
        let shape = shape.into();
        let numbers = normals(next_key(), shape.numel());
        let array = match dtype {
            DType::F64 => Array::F64(numbers),
            _ => Array::F32(numbers.into_iter().map(|x| x as f32).collect()),
        };
        Self::from_array(array, shape, &device)
    }

    /// [`Tensor::randn`] with the shape, type and device of `self`.
    ///
    /// # Errors
    /// A type that is no float.
    pub fn randn_like(&self) -> Result<Self> {
        Self::randn(self.shape().clone(), (self.dtype(), &self.device()))
    }

    /// Random integers from `low` up to but not including `high`, i32.
    /// [torch.randint](https://docs.pytorch.org/docs/stable/generated/torch.randint.html)
    ///
    /// # Errors
    /// `high` is not above `low`.
    pub fn randint(low: i32, high: i32, shape: impl Into<Shape>, device: &Device) -> Result<Self> {
        if low >= high {
            return Err(Error::value("randint", format!("high ({high}) must be greater than low ({low})")));
        }
        let spec = Spec { shape: shape.into(), dtype: DType::I32 };
        let kind = Kind::Integers(low, high.wrapping_sub(low) as u32);
        Self::create(Rand { kind, spec, key: next_key() }, device)
    }

    /// Random integers from `low` up to but not including `high`, with the shape, type and device of `self`.
    /// [torch.randint_like](https://docs.pytorch.org/docs/stable/generated/torch.randint_like.html)
    ///
    /// # Errors
    /// As [`Tensor::randint`].
    pub fn randint_like(&self, low: i32, high: i32) -> Result<Self> {
        Self::randint(low, high, self.shape().clone(), &self.device())?.to_dtype(self.dtype())
    }

    /// The integers from 0 to n − 1 in random order, i32.
    /// [torch.randperm](https://docs.pytorch.org/docs/stable/generated/torch.randperm.html)
    ///
    /// # Errors
    /// More than 2³¹ of them.
    pub fn randperm(n: usize, device: &Device) -> Result<Self> {
        if i32::try_from(n).is_err() {
            return Err(Error::value("randperm", format!("{n} is more than an i32 counts")));
        }
        let key = next_key();
        let mut order: Vec<i32> = (0..n as i32).collect();
        // Fisher and Yates; the bias of a product of 64 bits is below 2⁻³².
        for i in (1..n).rev() {
            let [high, low] = threefry(key, [i as u32, 2]);
            let draw = (u64::from(high) << 32) | u64::from(low);
            order.swap(i, ((u128::from(draw) * (i as u128 + 1)) >> 64) as usize);
        }
        Self::from_array(Array::I32(order), [n], device)
    }

    /// 1 with the probability that each element gives, else 0, in the type of `self`. No gradient flows through.
    /// [torch.bernoulli](https://docs.pytorch.org/docs/stable/generated/torch.bernoulli.html)
    ///
    /// # Errors
    /// A type that is no float; on the CPU, when computed, an element outside of 0 to 1 (a GPU takes it as the
    /// nearest of the two).
    pub fn bernoulli(&self) -> Result<Self> {
        floats("bernoulli", self.dtype())?;
        let spec = Spec { shape: self.shape().clone(), dtype: self.dtype() };
        Self::apply(Rand { kind: Kind::Bernoulli, spec, key: next_key() }, &[self])
    }
}

fn floats(op: &'static str, dtype: DType) -> Result<()> {
    if dtype.is_float() { Ok(()) } else { Err(Error::dtype(op, format!("makes floats, not {dtype}"))) }
}

/// A key as the last scalars of a pointwise operation.
pub(super) fn key_scalars(key: Key) -> SmallVec<[Scalar; 2]> {
    smallvec![Scalar::Word(key[0]), Scalar::Word(key[1])]
}

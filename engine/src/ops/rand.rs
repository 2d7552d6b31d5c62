//! `rand`, `randint`, `bernoulli`, `randn`, `randperm`: tensors of random numbers. The first three
//! are computed on the tensor's device, each element by itself. The others are computed on the CPU
//! and uploaded: adapters' logarithms and sines differ in their last bits, and a permutation has no
//! parallel form.

use std::hash::Hasher;

use smallvec::{SmallVec, smallvec};

use crate::device::{Array, DType, Device, Element, Slice, SliceMut};
use crate::tensor::{
    Compute, Function, Op, Pointwise, Saves, Scalar, Scalars, Shape, Spec, Tensor, Vjp, WgslFn, typed, typed_mut,
};
use crate::{Error, Result, dispatch};

use super::create::TensorOptions;
use super::random::{Key, next_key, normals, threefry, uniform, word};

/// Distribution to draw from.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Floats in [0, 1).
    Uniform,
    /// Integers, by first value and number of values.
    Integers(i32, u32),
    /// 1 with the operand as probability, else 0.
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
            pieces: crate::shader!("rand").into(),
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
    /// Creates random numbers uniform in [0, 1). The same seed gives the same numbers on every
    /// device.
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
    /// A type that is not floating point; f64 on a GPU.
    pub fn rand(shape: impl Into<Shape>, options: impl Into<TensorOptions>) -> Result<Self> {
        let TensorOptions { dtype, device } = options.into();
        floats("rand", dtype)?;
        let spec = Spec { shape: shape.into(), dtype };
        Self::create(Rand { kind: Kind::Uniform, spec, key: next_key() }, &device)
    }

    /// Creates [`Tensor::rand`] with the shape, type and device of `self`.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::zeros([2, 3], &cpu)?;
    /// assert_eq!(x.rand_like()?.dims(), [2, 3]);
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A type that is not floating point.
    pub fn rand_like(&self) -> Result<Self> {
        Self::rand(self.shape().clone(), (self.dtype(), &self.device()))
    }

    /// Creates standard normal numbers: mean 0, standard deviation 1. The same seed gives the same
    /// numbers on every device.
    /// [torch.randn](https://docs.pytorch.org/docs/stable/generated/torch.randn.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::randn([1000], &cpu)?;
    /// assert!(block_on(x.mean()?.item())?.abs() < 0.2);
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A type that is not floating point; f64 on a GPU.
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

    /// Creates [`Tensor::randn`] with the shape, type and device of `self`.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::zeros([2, 3], &cpu)?;
    /// assert_eq!(x.randn_like()?.dims(), [2, 3]);
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A type that is not floating point.
    pub fn randn_like(&self) -> Result<Self> {
        Self::randn(self.shape().clone(), (self.dtype(), &self.device()))
    }

    /// Creates random integers from `low` up to but not including `high`, i32.
    /// [torch.randint](https://docs.pytorch.org/docs/stable/generated/torch.randint.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # let cpu = Device::cpu();
    /// let dice = Tensor::randint(1, 7, [100], &cpu)?;
    /// assert!(block_on(dice.to_vec::<i32>())?.iter().all(|n| (1..7).contains(n)));
    /// # Ok::<(), kindling::Error>(())
    /// ```
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

    /// Creates random integers from `low` up to but not including `high`, with the shape, type and
    /// device of `self`.
    /// [torch.randint_like](https://docs.pytorch.org/docs/stable/generated/torch.randint_like.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::zeros([3], &cpu)?;
    /// assert!(block_on(x.randint_like(0, 2)?.to_vec::<f32>())?.iter().all(|n| *n == 0.0 || *n == 1.0));
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::randint`].
    pub fn randint_like(&self, low: i32, high: i32) -> Result<Self> {
        Self::randint(low, high, self.shape().clone(), &self.device())?.to_dtype(self.dtype())
    }

    /// Creates a random permutation of the integers from 0 to n − 1, i32.
    /// [torch.randperm](https://docs.pytorch.org/docs/stable/generated/torch.randperm.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let (sorted, _) = Tensor::randperm(4, &cpu)?.sort(0, false)?;
    /// assert_eq!(sorted.to_string(), "tensor([0, 1, 2, 3])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// `n` exceeds 2³¹.
    pub fn randperm(n: usize, device: &Device) -> Result<Self> {
        if i32::try_from(n).is_err() {
            return Err(Error::value("randperm", format!("{n} is more than an i32 counts")));
        }
        let key = next_key();
        let mut order: Vec<i32> = (0..n as i32).collect();
        // Fisher–Yates shuffle; the bias of a product of 64 bits is below 2⁻³².
        for i in (1..n).rev() {
            let [high, low] = threefry(key, [i as u32, 2]);
            let draw = (u64::from(high) << 32) | u64::from(low);
            order.swap(i, ((u128::from(draw) * (i as u128 + 1)) >> 64) as usize);
        }
        Self::from_array(Array::I32(order), [n], device)
    }

    /// Draws 1 with each element as probability, else 0, in the type of `self`. No gradient flows
    /// through.
    /// [torch.bernoulli](https://docs.pytorch.org/docs/stable/generated/torch.bernoulli.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let p = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(p.bernoulli()?.to_string(), "tensor([0., 1.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A type that is not floating point; on the CPU, when computed, an element outside of 0 to 1
    /// (a GPU clamps it).
    pub fn bernoulli(&self) -> Result<Self> {
        floats("bernoulli", self.dtype())?;
        let spec = Spec { shape: self.shape().clone(), dtype: self.dtype() };
        Self::call(Rand { kind: Kind::Bernoulli, spec, key: next_key() }, &[self])
    }
}

fn floats(op: &'static str, dtype: DType) -> Result<()> {
    if dtype.is_float() { Ok(()) } else { Err(Error::dtype(op, format!("makes floats, not {dtype}"))) }
}

/// Returns a key as the last scalars of a pointwise operation.
pub(super) fn key_scalars(key: Key) -> SmallVec<[Scalar; 2]> {
    smallvec![Scalar::Word(key[0]), Scalar::Word(key[1])]
}

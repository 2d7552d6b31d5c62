//! `arange`, `linspace`: numbers computed from the index.

use std::hash::Hasher;

use smallvec::smallvec;

use crate::device::{DType, Slice, SliceMut};
use crate::tensor::{Compute, Function, Op, Pointwise, Saves, Scalar, Scalars, Spec, Tensor, Vjp, WgslFn, typed_mut};
use crate::{Error, Result, dispatch};

use super::create::TensorOptions;

/// Computes `start + i·step`, and from the end as `end − (len − 1 − i)·step` in the second half, as
/// torch.linspace does.
#[derive(Debug)]
struct Arange {
    len: usize,
    dtype: DType,
    start: f64,
    step: f64,
    end: f64,
}

impl Function for Arange {
    fn name(&self) -> &'static str {
        "arange"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(Vec::new()) // It has no inputs.
    }
}

impl Op for Arange {
    fn infer(&self, _operands: &[Spec]) -> Result<Spec> {
        Ok(Spec::new([self.len], self.dtype))
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        let number = |x: f64| if self.dtype.is_float() { Scalar::Float(x) } else { Scalar::Int(x as i32) };
        smallvec![number(self.start), number(self.step), number(self.end), Scalar::Word(self.len as u32)]
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for Arange {
    fn wgsl(&self, _operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: crate::shader!("arange").into(),
            name: format!("arange_forward_{}", self.dtype),
            scalars: self.scalars().iter().map(|s| s.wgsl()).collect(),
            takes_index: true,
        })
    }

    fn eval(&self, _operands: &[Slice<'_>], first: usize, output: SliceMut<'_>) -> Result<()> {
        let at = |i: usize| match i < self.len.div_ceil(2) || !self.dtype.is_float() {
            true => self.start + self.step * i as f64,
            false => self.end - self.step * (self.len - 1 - i) as f64,
        };
        dispatch!(self.dtype, T => {
            use crate::device::Element;
            typed_mut::<T>(output)?.iter_mut().enumerate().for_each(|(i, x)| *x = T::from_f64(at(first + i)));
        });
        Ok(())
    }
}

impl Tensor {
    /// Creates a 1-D tensor of `start, start + step, …` up to but not including `end`.
    /// [torch.arange](https://docs.pytorch.org/docs/stable/generated/torch.arange.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// assert_eq!(Tensor::arange(1.0, 2.0, 0.25, &cpu)?.to_string(), "tensor([1.0000, 1.2500, 1.5000, 1.7500])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// `step` is zero or leads away from `end`; bool; f64 on a GPU.
    pub fn arange(start: f64, end: f64, step: f64, options: impl Into<TensorOptions>) -> Result<Self> {
        let TensorOptions { dtype, device } = options.into();
        let len = ((end - start) / step).ceil();
        if !(0.0..4_294_967_296.0).contains(&len) || dtype == DType::Bool {
            let rule = format!("cannot go from {start} to {end} in steps of {step} as {dtype}");
            return Err(Error::value("arange", rule));
        }
        let len = len as usize;
        let last = start + step * (len.max(1) - 1) as f64;
        Self::create(Arange { len, dtype, start, step, end: last }, &device)
    }

    /// Creates a 1-D tensor of `steps` evenly spaced numbers from `start` to `end`, both included.
    /// [torch.linspace](https://docs.pytorch.org/docs/stable/generated/torch.linspace.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 5, &cpu)?.to_string(), "tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A type that is not floating point; f64 on a GPU.
    pub fn linspace(start: f64, end: f64, steps: usize, options: impl Into<TensorOptions>) -> Result<Self> {
        let TensorOptions { dtype, device } = options.into();
        if !dtype.is_float() {
            return Err(Error::dtype("linspace", format!("makes floats, not {dtype}")));
        }
        let step = if steps > 1 { (end - start) / (steps - 1) as f64 } else { 0.0 };
        let end = if steps > 1 { end } else { start };
        Self::create(Arange { len: steps, dtype, start, step, end }, &device)
    }
}

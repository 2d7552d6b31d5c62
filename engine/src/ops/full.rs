//! `full`: every element the same number. It reads nothing, and is fused into its consumer.

use std::hash::Hasher;

use smallvec::smallvec;

use crate::device::{DType, Element, Slice, SliceMut};
use crate::tensor::{
    Compute, Function, Op, Pointwise, Saves, Scalar, Scalars, Shape, Spec, Tensor, Vjp, WgslFn, typed_mut,
};
use crate::{Result, dispatch};

use super::create::TensorOptions;

#[derive(Debug)]
struct Full {
    shape: Shape,
    dtype: DType,
    value: f64,
}

impl Function for Full {
    fn name(&self) -> &'static str {
        "full"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(Vec::new()) // It has no inputs.
    }
}

impl Op for Full {
    fn infer(&self, _operands: &[Spec]) -> Result<Spec> {
        Ok(Spec { shape: self.shape.clone(), dtype: self.dtype })
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        match self.dtype {
            DType::F32 | DType::F64 => smallvec![Scalar::Float(self.value)],
            dtype => dispatch!(dtype, T => {
                T::from_f64(self.value).to_words().as_ref().iter().map(|word| Scalar::Word(*word)).collect()
            }),
        }
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for Full {
    fn wgsl(&self, _operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: crate::shader!("full").into(),
            name: format!("full_forward_{}", self.dtype),
            scalars: self.scalars().iter().map(|s| s.wgsl()).collect(),
            takes_index: false,
        })
    }

    fn eval(&self, _operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        dispatch!(self.dtype, T => typed_mut::<T>(output)?.fill(T::from_f64(self.value)));
        Ok(())
    }
}

impl Tensor {
    /// Creates a tensor whose every element is `value`.
    /// [torch.full](https://docs.pytorch.org/docs/stable/generated/torch.full.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// assert_eq!(Tensor::full([2], 7.0, &cpu)?.to_string(), "tensor([7., 7.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// f64 on a GPU.
    pub fn full(shape: impl Into<Shape>, value: f64, options: impl Into<TensorOptions>) -> Result<Self> {
        let TensorOptions { dtype, device } = options.into();
        Self::create(Full { shape: shape.into(), dtype, value }, &device)
    }

    /// Creates a tensor of zeros.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// assert_eq!(Tensor::zeros([3], &cpu)?.to_string(), "tensor([0., 0., 0.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// f64 on a GPU.
    pub fn zeros(shape: impl Into<Shape>, options: impl Into<TensorOptions>) -> Result<Self> {
        Self::full(shape, 0.0, options)
    }

    /// Creates a tensor of ones.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// assert_eq!(Tensor::ones([3], &cpu)?.to_string(), "tensor([1., 1., 1.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// f64 on a GPU.
    pub fn ones(shape: impl Into<Shape>, options: impl Into<TensorOptions>) -> Result<Self> {
        Self::full(shape, 1.0, options)
    }

    /// Creates a tensor filled with `value`, with the shape, type and device of `self`.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1_i32, 2], &cpu)?;
    /// assert_eq!(x.full_like(7.0)?.to_string(), "tensor([7, 7])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn full_like(&self, value: f64) -> Result<Self> {
        Self::full(self.shape().clone(), value, (self.dtype(), &self.device()))
    }

    /// Creates zeros with the shape, type and device of `self`.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1_i32, 2], &cpu)?;
    /// assert_eq!(x.zeros_like()?.to_string(), "tensor([0, 0])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn zeros_like(&self) -> Result<Self> {
        self.full_like(0.0)
    }

    /// Creates ones with the shape, type and device of `self`.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1_i32, 2], &cpu)?;
    /// assert_eq!(x.ones_like()?.to_string(), "tensor([1, 1])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn ones_like(&self) -> Result<Self> {
        self.full_like(1.0)
    }
}

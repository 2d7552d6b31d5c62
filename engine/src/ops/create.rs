//! Tensors from numbers on the CPU, and the options of all creators: type and device.

use std::rc::Rc;

use crate::device::{Array, DType, Device, Element};
use crate::tensor::{Shape, State, Tensor, Value};
use crate::{Error, Result};

/// Type and device of a new tensor. A `&Device` alone means f32.
#[derive(Clone, Debug)]
pub struct TensorOptions {
    /// Element type.
    pub dtype: DType,
    /// Device of the tensor.
    pub device: Device,
}

impl From<&Device> for TensorOptions {
    fn from(device: &Device) -> Self {
        Self { dtype: DType::F32, device: device.clone() }
    }
}

impl From<(DType, &Device)> for TensorOptions {
    fn from((dtype, device): (DType, &Device)) -> Self {
        Self { dtype, device: device.clone() }
    }
}

impl Tensor {
    /// Creates a tensor from the elements of a slice, in row-major order.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1, 2, 3, 4, 5, 6], [2, 3], &Device::cpu())?;
    /// assert_eq!(x.dims(), [2, 3]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The shape has another number of elements; f64 on a GPU.
    pub fn from_slice<T: Element>(data: &[T], shape: impl Into<Shape>, device: &Device) -> Result<Self> {
        Self::from_array(T::array(data.to_vec()), shape, device)
    }

    /// Creates a tensor that owns an array, in row-major order.
    ///
    /// ```
    /// use kindling::{device::Array, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_array(Array::F32(vec![1.0, 2.0]), [2], &cpu)?;
    /// assert_eq!(x.to_string(), "tensor([1., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shape has another number of elements; f64 on a GPU.
    pub fn from_array(data: Array, shape: impl Into<Shape>, device: &Device) -> Result<Self> {
        let shape = shape.into();
        if shape.numel() != data.len() {
            let rule = format!("{} elements do not fill the shape {shape}, which has {}", data.len(), shape.numel());
            return Err(Error::shape("tensor", rule));
        }
        let (len, dtype) = (data.len(), data.dtype());
        let state = match device {
            Device::Cpu(_) => State::Cpu(Rc::new(data.into())),
            Device::Gpu(_) if dtype == DType::F64 => {
                return Err(Error::dtype("tensor", "f64 exists on the CPU only: WebGPU has no 64-bit floats"));
            }
            Device::Gpu(gpu) => {
                let words = data.to_words();
                let buffer = gpu.alloc(words.len() * 4);
                gpu.write(&buffer, &words);
                State::Gpu(buffer)
            }
        };
        Ok(Self::from_value(Value::new(len, dtype, device.clone(), state), shape))
    }

    /// Creates a tensor of one number, without dimensions.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// assert_eq!(Tensor::scalar(3.5_f32, &cpu)?.to_string(), "tensor(3.5000)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// f64 on a GPU.
    pub fn scalar<T: Element>(value: T, device: &Device) -> Result<Self> {
        Self::from_slice(&[value], Shape::default(), device)
    }
}

//! Reads of tensors: everything recorded is executed, and the elements are copied to the CPU. On a
//! GPU this is the engine's only wait; on the CPU the future is ready at once.

use super::encode;
use crate::device::{Array, CpuBuffer, Device, Element};
use crate::tensor::{Tensor, View};
use crate::{Error, Result, dispatch};

/// Returns the elements of several tensors of one device, in row-major order, by one execution and
/// one readback.
///
/// # Errors
/// Tensors of different devices; or the error of a value's computation.
pub async fn read_many(tensors: &[&Tensor]) -> Result<Vec<Array>> {
    let Some(first) = tensors.first() else { return Ok(Vec::new()) };
    let device = first.device();
    if tensors.iter().any(|t| !t.device().same(&device)) {
        let places = tensors.iter().enumerate().map(|(i, t)| format!("tensor {i} is on {}", t.device()));
        return Err(Error::Device { op: "read_many", places: places.collect::<Vec<_>>().join(", ") });
    }
    encode(&device)?;
    let wholes: Vec<std::rc::Rc<CpuBuffer>> = match &device {
        Device::Cpu(_) => tensors.iter().map(|t| t.operand().value.array()).collect::<Result<_>>()?,
        Device::Gpu(gpu) => {
            let mut wanted = Vec::with_capacity(tensors.len());
            for tensor in tensors {
                let value = tensor.operand().value;
                wanted.push((value.buffer()?, value.words()));
            }
            let dtypes = tensors.iter().map(|t| t.dtype());
            let words = gpu.read(&wanted).await?;
            words
                .iter()
                .zip(dtypes)
                .map(|(words, dtype)| std::rc::Rc::new(Array::from_words(dtype, words).into()))
                .collect()
        }
    };
    Ok(tensors.iter().zip(&wholes).map(|(t, whole)| in_order(t, whole)).collect())
}

fn in_order(tensor: &Tensor, whole: &Array) -> Array {
    let layout = tensor.operand().layout;
    if layout.is_whole(whole.len()) {
        return whole.clone();
    }
    let view = View { data: whole.as_slice(), layout: &layout };
    dispatch!(whole.dtype(), T => {
        let data = view.typed::<T>().unwrap_or_default();
        let mut out = Vec::with_capacity(tensor.numel());
        layout.for_each(|offset| out.push(data[offset]));
        T::array(out)
    })
}

impl Tensor {
    /// Returns the elements in row-major order.
    ///
    /// # Errors
    /// The error of the value's computation.
    pub async fn to_array(&self) -> Result<Array> {
        let mut arrays = read_many(&[self]).await?;
        arrays.pop().ok_or_else(|| Error::internal("a read gave nothing"))
    }

    /// Returns the elements in row-major order at once, for operations whose output shape depends
    /// on them.
    ///
    /// # Errors
    /// A tensor on the GPU in a browser, where `op` cannot wait.
    pub(crate) fn read_now(&self, op: &'static str) -> Result<Array> {
        if let Device::Cpu(_) = self.device() {
            encode(&self.device())?;
            let whole = self.operand().value.array()?;
            return Ok(in_order(self, &whole));
        }
        #[cfg(not(target_arch = "wasm32"))]
        {
            log::debug!("{op} waits for the GPU");
            block_on(self.to_array())
        }
        #[cfg(target_arch = "wasm32")]
        Err(Error::value(
            op,
            "the elements are on the GPU, and a browser cannot wait for them here; use .to_cpu().await first",
        ))
    }

    /// Returns the elements in row-major order as `T`, which must be the tensor's element type.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> { kindling::block_on(async {
    /// let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0], [2, 2], &Device::cpu())?;
    /// assert_eq!(x.t()?.to_vec::<f32>().await?, [1.0, 3.0, 2.0, 4.0]);
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// `T` is another type; or the error of the value's computation.
    pub async fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        if T::DTYPE != self.dtype() {
            let rule =
                format!("a tensor of {} cannot be read as {}; convert it with .to_dtype()", self.dtype(), T::DTYPE);
            return Err(Error::dtype("to_vec", rule));
        }
        let array = self.to_array().await?;
        T::downcast(&array).map(<[T]>::to_vec).ok_or_else(|| Error::internal("a read changed the element type"))
    }

    /// Returns the elements as [`Tensor::to_vec`] does, waiting on this thread; natively only.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::arange(0.0, 3.0, 1.0, &Device::cpu())?;
    /// assert_eq!(x.square()?.blocking_to_vec::<f32>()?, [0.0, 1.0, 4.0]);
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::to_vec`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn blocking_to_vec<T: Element>(&self) -> Result<Vec<T>> {
        block_on(self.to_vec())
    }

    /// Moves the tensor to the CPU; returns itself if it is there. Gradients move back to its
    /// device.
    ///
    /// # Errors
    /// The error of the value's computation.
    pub async fn to_cpu(&self) -> Result<Self> {
        if self.device().is_cpu() {
            return Ok(self.clone());
        }
        self.arrived(self.to_array().await?, &Device::cpu())
    }

    /// Returns the only element as a number.
    ///
    /// # Errors
    /// There is not exactly one element; an i64 that f64 cannot represent; or the error of the
    /// value's computation.
    pub async fn item(&self) -> Result<f64> {
        if self.numel() != 1 {
            let rule =
                format!("a tensor of shape {} has {} elements, only one can be converted", self.shape(), self.numel());
            return Err(Error::shape("item", rule));
        }
        let array = self.to_array().await?;
        let number = array.to_f64().first().copied().unwrap_or(f64::NAN);
        match i64::downcast(&array) {
            Some(exact) if exact.iter().any(|x| x.unsigned_abs() > 1 << f64::MANTISSA_DIGITS) => {
                Err(Error::value("item", format!("{exact:?} is too large for an f64; use .to_vec::<i64>()")))
            }
            _ => Ok(number),
        }
    }

    /// Returns the only element as [`Tensor::item`] does, waiting on this thread; natively only.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &Device::cpu())?;
    /// assert_eq!(x.mean()?.blocking_item()?, 2.0);
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::item`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn blocking_item(&self) -> Result<f64> {
        block_on(self.item())
    }
}

/// Runs a future to completion on this thread, as programs outside of the browser do with reads.
#[cfg(not(target_arch = "wasm32"))]
pub fn block_on<F: Future>(future: F) -> F::Output {
    pollster::block_on(future)
}

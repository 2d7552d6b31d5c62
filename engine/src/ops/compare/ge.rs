//! `ge`: x ≥ y as a bool tensor, with broadcasting.

use crate::device::Element;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct Ge;

impl Compare for Ge {
    const NAME: &'static str = "ge";
    const WGSL: &'static [&'static str] = shader!("ge");

    fn test<T: Element>(x: T, y: T) -> bool {
        x >= y
    }
}

impl Tensor {
    /// Computes x ≥ y as a bool tensor, element by element, with broadcasting and type promotion.
    /// [torch.ge](https://docs.pytorch.org/docs/stable/generated/torch.ge.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// let y = Tensor::from_nested(&[3.0_f32, 2.0, 1.0], &cpu)?;
    /// assert_eq!(x.ge(&y)?.to_string(), "tensor([False,  True,  True])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn ge(&self, other: &Self) -> Result<Self> {
        self.compare(other, Ge)
    }

    /// Computes [`Tensor::ge`] with a number.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.ge_scalar(2.0)?.to_string(), "tensor([False,  True,  True])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn ge_scalar(&self, other: f64) -> Result<Self> {
        self.compare(&self.number_like(other)?, Ge)
    }
}

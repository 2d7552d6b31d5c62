//! `eq`: x = y as a bool tensor, with broadcasting.

use crate::device::Element;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Compare;

#[derive(Debug)]
struct Eq;

impl Compare for Eq {
    const NAME: &'static str = "eq";
    const WGSL: &'static [&'static str] = shader!("eq");

    fn test<T: Element>(x: T, y: T) -> bool {
        x == y
    }
}

impl Tensor {
    /// Computes x = y as a bool tensor, element by element, with broadcasting and type promotion.
    /// [torch.eq](https://docs.pytorch.org/docs/stable/generated/torch.eq.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// let y = Tensor::from_nested(&[3.0_f32, 2.0, 1.0], &cpu)?;
    /// assert_eq!(x.eq(&y)?.to_string(), "tensor([False,  True, False])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The shapes cannot be broadcast, or the tensors are on different devices.
    pub fn eq(&self, other: &Self) -> Result<Self> {
        self.compare(other, Eq)
    }

    /// Computes [`Tensor::eq`] with a number.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.eq_scalar(2.0)?.to_string(), "tensor([False,  True, False])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn eq_scalar(&self, other: f64) -> Result<Self> {
        self.compare(&self.number_like(other)?, Eq)
    }
}

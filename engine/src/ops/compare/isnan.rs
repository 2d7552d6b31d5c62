//! `isnan`: a bool tensor, true where x is NaN.

use crate::device::Float;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Classify;

#[derive(Debug)]
struct Isnan;

impl Classify for Isnan {
    const NAME: &'static str = "isnan";
    const WGSL: &'static [&'static str] = shader!("isnan");

    fn test<T: Float>(x: T) -> bool {
        x.is_nan()
    }
}

impl Tensor {
    /// Computes a bool tensor, true where x is NaN.
    /// [torch.isnan](https://docs.pytorch.org/docs/stable/generated/torch.isnan.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, f32::INFINITY, f32::NAN], &cpu)?;
    /// assert_eq!(x.isnan()?.to_string(), "tensor([False, False,  True])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn isnan(&self) -> Result<Self> {
        self.classify(Isnan)
    }
}

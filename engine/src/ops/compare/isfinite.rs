//! `isfinite`: a bool tensor, true where x is neither NaN nor infinite.

use crate::device::Float;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Classify;

#[derive(Debug)]
struct Isfinite;

impl Classify for Isfinite {
    const NAME: &'static str = "isfinite";
    const WGSL: &'static [&'static str] = shader!("isfinite");

    fn test<T: Float>(x: T) -> bool {
        x.is_finite()
    }
}

impl Tensor {
    /// Computes a bool tensor, true where x is neither NaN nor infinite.
    /// [torch.isfinite](https://docs.pytorch.org/docs/stable/generated/torch.isfinite.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, f32::INFINITY, f32::NAN], &cpu)?;
    /// assert_eq!(x.isfinite()?.to_string(), "tensor([ True, False, False])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn isfinite(&self) -> Result<Self> {
        self.classify(Isfinite)
    }
}

//! `isfinite`: whether x is neither NaN nor an infinity, as bools.

use crate::device::Float;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Classify;

#[derive(Debug)]
struct Isfinite;

impl Classify for Isfinite {
    const NAME: &'static str = "isfinite";
    const WGSL: &'static [&'static str] = &[shader!("isfinite"), shader!("shared/nonfinite")];

    fn test<T: Float>(x: T) -> bool {
        x.is_finite()
    }
}

impl Tensor {
    /// Whether x is neither NaN nor an infinity, element by element.
    /// [torch.isfinite](https://docs.pytorch.org/docs/stable/generated/torch.isfinite.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn isfinite(&self) -> Result<Self> {
        self.classify(Isfinite)
    }
}

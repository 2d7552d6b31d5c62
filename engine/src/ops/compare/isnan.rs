//! `isnan`: whether x is NaN, as bools.

use crate::device::Float;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Classify;

#[derive(Debug)]
struct Isnan;

impl Classify for Isnan {
    const NAME: &'static str = "isnan";
    const WGSL: &'static [&'static str] = &[shader!("isnan"), shader!("shared/nonfinite")];

    fn test<T: Float>(x: T) -> bool {
        x.is_nan()
    }
}

impl Tensor {
    /// Whether x is NaN, element by element.
    /// [torch.isnan](https://docs.pytorch.org/docs/stable/generated/torch.isnan.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn isnan(&self) -> Result<Self> {
        self.classify(Isnan)
    }
}

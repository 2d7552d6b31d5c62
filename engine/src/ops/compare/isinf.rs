//! `isinf`: whether x is an infinity, as bools.

use crate::device::Float;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Classify;

#[derive(Debug)]
struct Isinf;

impl Classify for Isinf {
    const NAME: &'static str = "isinf";
    const WGSL: &'static [&'static str] = &[shader!("isinf"), shader!("shared/nonfinite")];

    fn test<T: Float>(x: T) -> bool {
        x.is_infinite()
    }
}

impl Tensor {
    /// Whether x is an infinity, element by element.
    /// [torch.isinf](https://docs.pytorch.org/docs/stable/generated/torch.isinf.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn isinf(&self) -> Result<Self> {
        self.classify(Isinf)
    }
}

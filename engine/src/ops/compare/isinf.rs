//! `isinf`: a bool tensor, true where x is infinite.

use crate::device::Float;
use crate::tensor::Tensor;
use crate::{Result, shader};

use super::Classify;

#[derive(Debug)]
struct Isinf;

impl Classify for Isinf {
    const NAME: &'static str = "isinf";
    const WGSL: &'static [&'static str] = shader!("isinf");

    fn test<T: Float>(x: T) -> bool {
        x.is_infinite()
    }
}

impl Tensor {
    /// Computes a bool tensor, true where x is infinite.
    /// [torch.isinf](https://docs.pytorch.org/docs/stable/generated/torch.isinf.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, f32::INFINITY, f32::NAN], &cpu)?;
    /// assert_eq!(x.isinf()?.to_string(), "tensor([False,  True, False])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn isinf(&self) -> Result<Self> {
        self.classify(Isinf)
    }
}

//! `adaptive_avg_pool2d`: means over as many parts of an image as the output has elements.

use crate::tensor::Tensor;
use crate::{Error, Result};

use super::pool::{MeanPool, Means, float_only, planes};

impl Tensor {
    /// Computes means of images (n, c, h, w), or of one (c, h, w), to the given output size; `None`
    /// keeps a size.
    /// Row i is the mean of the rows from ⌊i·h/size⌋ to ⌈(i + 1)·h/size⌉.
    /// [torch.nn.functional.adaptive_avg_pool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[[1.0_f32, 2.0, 3.0, 4.0]]], &cpu)?;
    /// assert_eq!(x.adaptive_avg_pool2d([None, Some(2)])?.to_string(), "tensor([[[1.5000, 3.5000]]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The input has another number of dimensions, no elements, or an integer type.
    pub fn adaptive_avg_pool2d(&self, output_size: [Option<usize>; 2]) -> Result<Self> {
        const OP: &str = "adaptive_avg_pool2d";
        float_only(OP, self.dtype())?;
        let (_, input) = planes(OP, self.dims())?;
        if input.contains(&0) {
            return Err(Error::shape(OP, format!("an image of size {input:?} has no mean")));
        }
        let output = [output_size[0].unwrap_or(input[0]), output_size[1].unwrap_or(input[1])];
        Self::call(MeanPool { means: Means::Adaptive, input, output, backward: false }, &[self])
    }
}

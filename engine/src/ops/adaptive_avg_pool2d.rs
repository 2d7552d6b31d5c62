//! `adaptive_avg_pool2d`: means over as many parts of images as the output is large.

use crate::tensor::Tensor;
use crate::{Error, Result};

use super::pool::{MeanPool, Means, float_only, planes};

impl Tensor {
    /// Means of images (n, c, h, w), or of one (c, h, w), so that the result has the size given; `None` keeps one.
    /// Row i is the mean of the rows from ⌊i·h/size⌋ to ⌈(i + 1)·h/size⌉.
    /// [torch.nn.functional.adaptive_avg_pool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html)
    ///
    /// # Errors
    /// Other numbers of dimensions; an empty image; integers.
    pub fn adaptive_avg_pool2d(&self, output_size: [Option<usize>; 2]) -> Result<Self> {
        const OP: &str = "adaptive_avg_pool2d";
        float_only(OP, self.dtype())?;
        let (_, input) = planes(OP, self.dims())?;
        if input.contains(&0) {
            return Err(Error::shape(OP, format!("an image of size {input:?} has no mean")));
        }
        let output = [output_size[0].unwrap_or(input[0]), output_size[1].unwrap_or(input[1])];
        Self::apply(MeanPool { means: Means::Adaptive, input, output, backward: false }, &[self])
    }
}

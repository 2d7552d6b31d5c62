//! `avg_pool2d`: means over windows of images.

use crate::tensor::Tensor;
use crate::{Error, Result};

use super::pool::{MeanPool, Means, Windows, float_only, planes};

/// Which means are taken; [`AvgPool2dOptions::new`] gives PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvgPool2dOptions {
    /// Height and width of a window.
    pub kernel_size: [usize; 2],
    /// Distance of windows, down and right.
    pub stride: [usize; 2],
    /// Zeros at top and bottom, and left and right.
    pub padding: [usize; 2],
    /// Whether windows may stand over the end.
    pub ceil_mode: bool,
    /// Whether zeros of the padding count.
    pub count_include_pad: bool,
    /// What sums are divided by, instead of the number of elements.
    pub divisor_override: Option<usize>,
}

impl AvgPool2dOptions {
    /// Windows of this size side by side.
    pub fn new(kernel_size: [usize; 2]) -> Self {
        Self {
            kernel_size,
            stride: kernel_size,
            padding: [0, 0],
            ceil_mode: false,
            count_include_pad: true,
            divisor_override: None,
        }
    }
}

impl Tensor {
    /// The mean of every window of images (n, c, h, w), or of one (c, h, w).
    /// [torch.nn.functional.avg_pool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html)
    ///
    /// # Errors
    /// Other numbers of dimensions; a kernel or stride of 0; padding wider than half of the kernel; no window; a
    /// divisor of 0; integers.
    pub fn avg_pool2d(&self, options: &AvgPool2dOptions) -> Result<Self> {
        const OP: &str = "avg_pool2d";
        float_only(OP, self.dtype())?;
        let (_, input) = planes(OP, self.dims())?;
        if options.divisor_override == Some(0) {
            return Err(Error::shape(OP, "divisor_override must not be 0"));
        }
        let windows = Windows {
            kernel: options.kernel_size,
            stride: options.stride,
            padding: options.padding,
            dilation: [1, 1],
            ceil_mode: options.ceil_mode,
        };
        let output = windows.output(OP, input)?;
        let AvgPool2dOptions { count_include_pad, divisor_override: divisor, .. } = *options;
        let means = Means::Strided { windows, count_include_pad, divisor };
        Self::apply(MeanPool { means, input, output, backward: false }, &[self])
    }
}

//! `avg_pool2d`: means over windows of images.

use crate::tensor::Tensor;
use crate::{Error, Result};

use super::pool::{MeanPool, Means, Windows, float_only, planes};

/// Options of [`Tensor::avg_pool2d`]; [`AvgPool2dOptions::new`] gives PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvgPool2dOptions {
    /// Height and width of a window.
    pub kernel_size: [usize; 2],
    /// Stride of the windows, down and right; the kernel size by default.
    pub stride: [usize; 2],
    /// Zeros added at top and bottom, and at left and right; 0 by default.
    pub padding: [usize; 2],
    /// Allows windows to reach beyond the end; `false` by default.
    pub ceil_mode: bool,
    /// Includes zeros of the padding in the mean; `true` by default.
    pub count_include_pad: bool,
    /// Divisor of the sums; the number of elements by default.
    pub divisor_override: Option<usize>,
}

impl AvgPool2dOptions {
    /// Creates the options for adjacent windows of this size.
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
    /// Computes the mean of every window of images (n, c, h, w), or of one (c, h, w).
    /// [torch.nn.functional.avg_pool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html)
    ///
    /// ```
    /// use kindling::{ops::AvgPool2dOptions, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[[1.0_f32, 2.0], [3.0, 4.0]]], &cpu)?;
    /// assert_eq!(x.avg_pool2d(&AvgPool2dOptions::new([2, 2]))?.to_string(), "tensor([[[2.5000]]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The input has another number of dimensions or an integer type; a kernel, stride or divisor
    /// is 0; the padding exceeds half of the kernel; no window fits.
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
        Self::call(MeanPool { means, input, output, backward: false }, &[self])
    }
}

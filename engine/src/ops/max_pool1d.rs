//! `max_pool1d`: a `max_pool2d` of images of height 1.

use crate::Result;
use crate::tensor::{Shape, Tensor};

use super::max_pool2d::MaxPool2dOptions;

/// Options of [`Tensor::max_pool1d`]; [`MaxPool1dOptions::new`] gives PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPool1dOptions {
    /// Length of a window.
    pub kernel_size: usize,
    /// Stride of the windows; the kernel size by default.
    pub stride: usize,
    /// Padding at both ends, never the maximum; 0 by default.
    pub padding: usize,
    /// Distance of a window's elements, 1 by default.
    pub dilation: usize,
    /// Allows windows to reach beyond the end; `false` by default.
    pub ceil_mode: bool,
}

impl MaxPool1dOptions {
    /// Creates the options for adjacent windows of this length.
    pub fn new(kernel_size: usize) -> Self {
        Self { kernel_size, stride: kernel_size, padding: 0, dilation: 1, ceil_mode: false }
    }
}

impl Tensor {
    /// Computes the maximum of every window of sequences (n, c, l), or of one (c, l).
    /// [torch.nn.functional.max_pool1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html)
    ///
    /// ```
    /// use kindling::{ops::MaxPool1dOptions, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 4.0, 3.0, 2.0]], &cpu)?;
    /// assert_eq!(x.max_pool1d(&MaxPool1dOptions::new(2))?.to_string(), "tensor([[4., 3.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::max_pool2d`].
    pub fn max_pool1d(&self, options: &MaxPool1dOptions) -> Result<Self> {
        let options = MaxPool2dOptions {
            kernel_size: [1, options.kernel_size],
            stride: [1, options.stride],
            padding: [0, options.padding],
            dilation: [1, options.dilation],
            ceil_mode: options.ceil_mode,
        };
        self.batched("max_pool1d", 3, |input| {
            let [n, c, l] = [0, 1, 2].map(|d| input.dims()[d]);
            let output = input.reshape_to(&Shape::from([n, c, 1, l]))?.max_pool2d(&options)?;
            output.reshape_to(&Shape::from([n, c, output.dims()[3]]))
        })
    }
}

//! `conv1d`: a `conv2d` of images of height 1.

use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

use super::conv2d::{Conv2dOptions, Padding};

/// How a convolution in one dimension goes: the defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv1dOptions {
    /// Steps of the kernel.
    pub stride: usize,
    /// Zeros at both ends; of [`Padding::Explicit`] the second number counts.
    pub padding: Padding,
    /// Distance of the kernel's elements.
    pub dilation: usize,
    /// Into how many parts the channels are cut.
    pub groups: usize,
}

impl Default for Conv1dOptions {
    fn default() -> Self {
        Self { stride: 1, padding: Padding::default(), dilation: 1, groups: 1 }
    }
}

impl Tensor {
    /// The cross-correlation of sequences (n, c, l), or of one (c, l), with a weight (o, c/groups, k), plus a bias
    /// (o). [torch.nn.functional.conv1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html)
    ///
    /// # Errors
    /// As [`Tensor::conv2d`].
    pub fn conv1d(&self, weight: &Self, bias: Option<&Self>, options: &Conv1dOptions) -> Result<Self> {
        let [o, c, k] = weight.dims() else {
            let rule = format!("expected a weight of 3 dimensions (out, in/groups, length), got {}", weight.shape());
            return Err(Error::shape("conv1d", rule));
        };
        let options = Conv2dOptions {
            stride: [1, options.stride],
            padding: match options.padding {
                Padding::Explicit([_, padding]) => Padding::Explicit([0, padding]),
                other => other,
            },
            dilation: [1, options.dilation],
            groups: options.groups,
        };
        let weight = weight.reshape_to(&Shape::from([*o, *c, 1, *k]))?;
        self.batched("conv1d", 3, |input| {
            let [n, c, l] = [0, 1, 2].map(|d| input.dims()[d]);
            let output = input.reshape_to(&Shape::from([n, c, 1, l]))?.conv2d(&weight, bias, &options)?;
            let [n, o, l] = [0, 1, 3].map(|d| output.dims()[d]);
            output.reshape_to(&Shape::from([n, o, l]))
        })
    }
}

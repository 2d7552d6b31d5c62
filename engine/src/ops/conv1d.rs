//! `conv1d`: a `conv2d` of images of height 1.

use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

use super::conv2d::{Conv2dOptions, Padding};

/// Options of [`Tensor::conv1d`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv1dOptions {
    /// Stride of the kernel, 1 by default.
    pub stride: usize,
    /// Zeros at both ends, 0 by default; [`Padding::Explicit`] uses its second number.
    pub padding: Padding,
    /// Distance of the kernel's elements, 1 by default.
    pub dilation: usize,
    /// Number of groups of channels, 1 by default.
    pub groups: usize,
}

impl Default for Conv1dOptions {
    fn default() -> Self {
        Self { stride: 1, padding: Padding::default(), dilation: 1, groups: 1 }
    }
}

impl Tensor {
    /// Computes the cross-correlation of sequences (n, c, l), or of one (c, l), with a weight (o,
    /// c/groups, k), plus a bias (o).
    /// [torch.nn.functional.conv1d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html)
    ///
    /// ```
    /// use kindling::{ops::Conv1dOptions, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0, 4.0]], &cpu)?;
    /// let weight = Tensor::from_nested(&[[[1.0_f32, -1.0]]], &cpu)?;
    /// assert_eq!(x.conv1d(&weight, None, &Conv1dOptions::default())?.to_string(), "tensor([[-1., -2.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
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

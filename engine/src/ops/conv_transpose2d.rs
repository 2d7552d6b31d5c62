//! `conv_transpose2d`: the gradient of a convolution's input, as an operation.

use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

use super::conv::Window;

/// Options of [`Tensor::conv_transpose2d`], with PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvTranspose2dOptions {
    /// Stride of the kernel over the output, down and right; 1 by default.
    pub stride: [usize; 2],
    /// Rows and columns cut off the output on each side, 0 by default.
    pub padding: [usize; 2],
    /// Rows and columns added to the output at the bottom and at the right, 0 by default.
    pub output_padding: [usize; 2],
    /// Distance of the kernel's elements, down and right; 1 by default.
    pub dilation: [usize; 2],
    /// Number of groups of channels, 1 by default.
    pub groups: usize,
}

impl Default for ConvTranspose2dOptions {
    fn default() -> Self {
        Self { stride: [1, 1], padding: [0, 0], output_padding: [0, 0], dilation: [1, 1], groups: 1 }
    }
}

impl Tensor {
    /// Computes the transposed convolution of images (n, c, h, w), or of one image (c, h, w), with
    /// a weight (c, o/groups, kh, kw), plus a bias (o). Every element of the input adds the kernel,
    /// times itself, to the output. Heights become
    /// `(h − 1)·stride − 2·padding + dilation·(kh − 1) + output_padding + 1`, widths likewise.
    /// [torch.nn.functional.conv_transpose2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html)
    ///
    /// ```
    /// use kindling::{ops::ConvTranspose2dOptions, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[[1.0_f32, 2.0]]], &cpu)?;
    /// let weight = Tensor::from_nested(&[[[[1.0_f32, 1.0]]]], &cpu)?;
    /// assert_eq!(x.conv_transpose2d(&weight, None, &ConvTranspose2dOptions::default())?.to_string(), "tensor([[[1., 3., 2.]]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Sizes that do not match; an output padding not below stride or dilation; types that differ.
    pub fn conv_transpose2d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: &ConvTranspose2dOptions,
    ) -> Result<Self> {
        const OP: &str = "conv_transpose2d";
        let refuse = |rule: String| Err(Error::shape(OP, rule));
        let ConvTranspose2dOptions { stride, padding, output_padding, dilation, groups } = *options;
        let &[inputs, per_group, kh, kw] = weight.dims() else {
            return refuse(format!(
                "expected a weight of 4 dimensions (in, out/groups, height, width), got {}",
                weight.shape()
            ));
        };
        if stride.contains(&0) || dilation.contains(&0) || groups == 0 || inputs % groups != 0 {
            return refuse(format!(
                "stride and dilation must be at least 1 and groups divide the {inputs} input channels of weight {}, got \
                 {stride:?}, {dilation:?} and {groups}",
                weight.shape()
            ));
        }
        if (0..2).any(|d| output_padding[d] >= stride[d] && output_padding[d] >= dilation[d]) {
            return refuse(format!(
                "output padding must be smaller than either stride or dilation, got {output_padding:?}, {stride:?} and \
                 {dilation:?}"
            ));
        }
        if let Some(bias) = bias
            && bias.dims() != [per_group * groups]
        {
            return refuse(format!(
                "expected a bias of 1 dimension with {} elements, got {}",
                per_group * groups,
                bias.shape()
            ));
        }
        let output = self.batched(OP, 4, |input| {
            let &[_, channels, h, w] = input.dims() else { return refuse("expected 4 dimensions".to_owned()) };
            if channels != inputs {
                return refuse(format!(
                    "weight {} expects {inputs} input channels, receives {channels} (input {})",
                    weight.shape(),
                    self.shape()
                ));
            }
            let size = |d: usize, n: usize, k: usize| {
                let full = n.checked_sub(1)? * stride[d] + dilation[d] * k.checked_sub(1)? + output_padding[d] + 1;
                full.checked_sub(2 * padding[d]).filter(|size| *size > 0)
            };
            let (Some(height), Some(width)) = (size(0, h, kh), size(1, w, kw)) else {
                return refuse(format!("the output of input {} would be empty", self.shape()));
            };
            let after = [0, 1].map(|d| padding[d] as isize - output_padding[d] as isize);
            let window = Window { stride, before: padding, after, dilation, groups };
            input.conv2d_input([height, width], weight, window)
        })?;
        match bias {
            Some(bias) => output.add(&bias.reshape_to(&Shape::from([bias.numel(), 1, 1]))?),
            None => Ok(output),
        }
    }
}

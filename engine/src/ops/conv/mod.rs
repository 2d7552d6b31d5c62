//! The family of convolutions. An output and the gradients of input and weight are three operations
//! over one geometry, each the derivative of the others. On the GPU they are products whose
//! operands are gathered from images on the fly, on the CPU products that slide over them.

pub(super) mod cpu;

use std::hash::{Hash, Hasher};

use crate::tensor::{Layout, Param, Spec};
use crate::{Error, Result};

/// Window of a kernel over an image, shared by forward and both gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    /// Stride, down and right.
    pub stride: [usize; 2],
    /// Zeros added at the top and at the left.
    pub before: [usize; 2],
    /// Zeros added at the bottom and at the right; negative if that many rows or columns are
    /// unused.
    pub after: [isize; 2],
    /// Dilation: distance of the kernel's elements, down and right.
    pub dilation: [usize; 2],
    /// Number of groups of channels.
    pub groups: usize,
}

/// All sizes of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Window of the kernel.
    pub window: Window,
    /// Number of images.
    pub images: usize,
    /// Input channels per group.
    pub channels: usize,
    /// Output channels per group.
    pub filters: usize,
    /// Height and width of the input.
    pub input: [usize; 2],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
}

impl Window {
    /// Returns height and width of the output, if the kernel fits into the padded input.
    pub fn output(&self, input: [usize; 2], kernel: [usize; 2]) -> Option<[usize; 2]> {
        let size = |d: usize| {
            let reach = self.dilation[d].checked_mul(kernel[d].checked_sub(1)?)?.checked_add(1)?;
            Some(self.padded(input, d)?.checked_sub(reach)? / self.stride[d] + 1)
        };
        Some([size(0)?, size(1)?])
    }

    fn padded(&self, input: [usize; 2], d: usize) -> Option<usize> {
        input[d].checked_add(self.before[d])?.checked_add_signed(self.after[d])
    }

    /// Returns the sizes of a convolution of an input (n, c, h, w) with a weight (o, c/groups, kh,
    /// kw).
    ///
    /// # Errors
    /// The shapes do not match.
    pub fn geometry(&self, op: &'static str, input: &[usize], weight: &[usize]) -> Result<Geometry> {
        let refuse = |rule: String| Err(Error::shape(op, rule));
        let ([n, c, h, w], [o, per_group, kh, kw]) = (input, weight) else {
            return refuse(format!(
                "expected an input of 3 (unbatched) or 4 dimensions and a weight of 4 (out, in/groups, height, width), \
                 got {input:?} and {weight:?}"
            ));
        };
        let groups = self.groups;
        if self.stride.contains(&0) || self.dilation.contains(&0) {
            return refuse(format!(
                "stride and dilation must be at least 1, got {:?} and {:?}",
                self.stride, self.dilation
            ));
        }
        if groups == 0 || o % groups != 0 {
            return refuse(format!("groups must divide the {o} output channels of weight {weight:?}, got {groups}"));
        }
        if *c != per_group * groups {
            return refuse(format!(
                "given groups={groups}, weight of size {weight:?} expects {} input channels, receives {c} (input {input:?})",
                per_group * groups
            ));
        }
        let Some(output) = self.output([*h, *w], [*kh, *kw]) else {
            let [high, wide] = [0, 1].map(|d| self.padded([*h, *w], d).unwrap_or_default());
            return refuse(format!(
                "kernel of size {kh}×{kw} with dilation {:?} does not fit into the padded input of size {high}×{wide}",
                self.dilation
            ));
        };
        Ok(Geometry {
            window: *self,
            images: *n,
            channels: *per_group,
            filters: o / groups,
            input: [*h, *w],
            kernel: [*kh, *kw],
            output,
        })
    }

    pub fn key(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

impl Geometry {
    /// Returns the number of elements of a kernel's plane.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Returns the number of elements of a filter: the products summed for one element of the
    /// output.
    pub fn depth(&self) -> usize {
        self.channels * self.taps()
    }

    /// Returns the number of elements of an output plane.
    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Returns the number of elements of an input plane.
    pub fn pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Returns the constants of the three shaders.
    pub fn constants(&self) -> Vec<(&'static str, u32)> {
        let window = &self.window;
        let pairs = [
            ("kernel_h", self.kernel[0]),
            ("kernel_w", self.kernel[1]),
            ("stride_h", window.stride[0]),
            ("stride_w", window.stride[1]),
            ("dilation_h", window.dilation[0]),
            ("dilation_w", window.dilation[1]),
        ];
        pairs.map(|(name, value)| (name, value as u32)).to_vec()
    }

    /// Returns the constants of the shaders that read patches of the input, with a flag for patches
    /// that reach beyond the image.
    pub fn patch_constants(&self) -> Vec<(&'static str, u32)> {
        let Window { stride, before, dilation, .. } = self.window;
        let reaches = |d: usize| {
            let last = self.output[d].saturating_sub(1) * stride[d] + self.kernel[d].saturating_sub(1) * dilation[d];
            before[d] > 0 || last >= self.input[d]
        };
        let mut constants = self.constants();
        constants.push(("padded", u32::from(reaches(0) || reaches(1))));
        constants
    }

    /// Returns the parameters shared by the three shaders, after those of the product: channels,
    /// filters, sizes, padding.
    pub fn params(&self) -> Vec<Param> {
        let [before_h, before_w] = self.window.before;
        let [h, w] = self.input;
        let [oh, ow] = self.output;
        [self.channels, self.filters, h, w, oh, ow, before_h, before_w].map(Param::from).to_vec()
    }
}

/// Returns the strides of an image batch, channel and row, and its offset, as parameters;
/// neighbors in a row are adjacent.
pub(crate) fn image_params(layout: &Layout) -> Vec<Param> {
    let mut params: Vec<Param> = layout.strides.iter().take(3).map(|step| Param::from(*step)).collect();
    params.push(Param::from(layout.offset));
    params
}

/// Returns `true` if neighbors in the rows of images are adjacent in memory.
pub(crate) fn has_rows(layout: &Layout) -> bool {
    layout.is_contiguous() || layout.shape.len() == 4 && (layout.strides[3] == 1 || layout.shape[3] == 1)
}

/// Returns `true` if the planes of images are contiguous.
pub(crate) fn has_planes(layout: &Layout) -> bool {
    let row = layout.shape.get(3).copied().unwrap_or(1) as isize;
    layout.is_contiguous() || has_rows(layout) && (layout.shape[2] == 1 || layout.strides[2] == row)
}

/// Returns the layout of an image batch with the strides that kernels rely on, also for dimensions
/// of size 1, where tensors allow any.
pub(crate) fn normalized(layout: &Layout) -> Layout {
    if layout.is_contiguous() {
        return Layout { offset: layout.offset, ..Layout::contiguous(layout.shape.clone()) };
    }
    let mut layout = layout.clone();
    if layout.shape[3] == 1 {
        layout.strides[3] = 1;
    }
    if layout.shape[2] == 1 {
        layout.strides[2] = layout.shape[3] as isize;
    }
    layout
}

/// Checks that the operands of a convolution have one float type.
///
/// # Errors
/// The types differ, or are integers.
pub(crate) fn float_operands(op: &'static str, operands: &[Spec]) -> Result<crate::DType> {
    let dtype = operands[0].dtype;
    if !dtype.is_float() || operands.iter().any(|spec| spec.dtype != dtype) {
        let found: Vec<String> = operands.iter().map(|spec| spec.dtype.to_string()).collect();
        return Err(Error::dtype(
            op,
            format!("expected operands of one floating-point type, got {}", found.join(", ")),
        ));
    }
    Ok(dtype)
}

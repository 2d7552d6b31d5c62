//! `unfold` and `fold`: the windows of images as columns, and columns added up to images. Each is
//! the derivative of the other.

use std::hash::{Hash, Hasher};

use crate::device::gpu::KernelSource;
use crate::device::{Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec,
    Tensor, View, ViewSpec, Vjp, groups_1d,
};
use crate::{Error, Result, shader};

use super::pool::{each_plane, float_only};

/// Windows of [`Tensor::unfold`] and [`Tensor::fold`]; [`UnfoldOptions::new`] gives PyTorch's
/// defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnfoldOptions {
    /// Height and width of a window, in elements.
    pub kernel_size: [usize; 2],
    /// Rows and columns between elements of a window, 1 by default.
    pub dilation: [usize; 2],
    /// Rows of zeros at top and bottom, columns of zeros left and right, 0 by default.
    pub padding: [usize; 2],
    /// Rows and columns from one window to the next, 1 by default.
    pub stride: [usize; 2],
}

impl UnfoldOptions {
    /// Windows of this size at every row and column.
    pub fn new(kernel_size: [usize; 2]) -> Self {
        Self { kernel_size, dilation: [1, 1], padding: [0, 0], stride: [1, 1] }
    }

    /// Number of windows, down and across.
    ///
    /// # Errors
    /// A size, dilation or stride of 0; no window fits.
    fn windows(&self, op: &'static str, image: [usize; 2]) -> Result<[usize; 2]> {
        let Self { kernel_size, dilation, padding, stride } = *self;
        if [kernel_size, dilation, stride].iter().flatten().any(|n| *n == 0) {
            let rule = format!(
                "kernel_size, dilation and stride must be greater than 0, got {kernel_size:?}, {dilation:?} and {stride:?}"
            );
            return Err(Error::shape(op, rule));
        }
        let count = |d: usize| {
            let reach = dilation[d].checked_mul(kernel_size[d] - 1)?.checked_add(1)?;
            let padded = padding[d].checked_mul(2)?.checked_add(image[d])?;
            Some(padded.checked_sub(reach)? / stride[d] + 1)
        };
        match (count(0), count(1)) {
            (Some(h), Some(w)) => Ok([h, w]),
            _ => Err(Error::shape(
                op,
                format!(
                    "no window fits: images of {image:?} with padding {padding:?}, windows of {kernel_size:?} with \
                     dilation {dilation:?}"
                ),
            )),
        }
    }
}

/// Columns of images, or (`fold`) images of columns.
#[derive(Clone, Copy, Debug, Hash)]
struct Unfold {
    options: UnfoldOptions,
    image: [usize; 2],
    windows: [usize; 2],
    fold: bool,
}

impl Unfold {
    /// Elements of a window.
    fn taps(&self) -> usize {
        self.options.kernel_size.iter().product()
    }

    /// Calls `f` with every pair of an index into the columns of a plane and one into its image.
    fn for_each(&self, mut f: impl FnMut(usize, usize)) {
        let UnfoldOptions { kernel_size, dilation, padding, stride } = self.options;
        let [rows, cols] = self.windows;
        let inside = |d: usize, window: usize, tap: usize| {
            (window * stride[d] + tap * dilation[d]).checked_sub(padding[d]).filter(|index| *index < self.image[d])
        };
        for tap in 0..self.taps() {
            let [down, right] = [tap / kernel_size[1], tap % kernel_size[1]];
            for row in 0..rows {
                let Some(y) = inside(0, row, down) else { continue };
                for col in 0..cols {
                    if let Some(x) = inside(1, col, right) {
                        f((tap * rows + row) * cols + col, y * self.image[1] + x);
                    }
                }
            }
        }
    }
}

impl Function for Unfold {
    fn name(&self) -> &'static str {
        if self.fold { "fold" } else { "unfold" }
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(Tensor::call(Self { fold: !self.fold, ..*self }, &[grad])?)])
    }
}

impl Op for Unfold {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let (taps, windows) = (self.taps(), self.windows.iter().product());
        let shape = match (self.fold, &operands[0].shape[..]) {
            (false, [n, c, ..]) => Shape::from([*n, c * taps, windows]),
            (true, [n, rows, ..]) => Shape::from([*n, rows / taps, self.image[0], self.image[1]]),
            _ => return Err(Error::internal("unfold and fold are given batches")),
        };
        Ok(Spec::new(shape, operands[0].dtype))
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for Unfold {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let data = operands[0].contiguous::<T>()?;
        let (pixels, column) = (self.image.iter().product(), self.taps() * self.windows.iter().product::<usize>());
        let (source, result) = if self.fold { (column, pixels) } else { (pixels, column) };
        each_plane(output, result, |i, plane| {
            let source = &data[i * source..(i + 1) * source];
            match self.fold {
                true => self.for_each(|column, pixel| plane[pixel] += source[column]),
                false => self.for_each(|column, pixel| plane[column] = source[pixel]),
            }
            Ok(())
        })
    }
}

impl Kernel for Unfold {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let count = output.shape.numel();
        if count == 0 {
            return Ok(Program::default());
        }
        let UnfoldOptions { kernel_size, dilation, padding, stride } = self.options;
        let pairs = [self.image, self.windows, kernel_size, dilation, padding, stride];
        let words = [count, operands[0].layout.offset].into_iter().chain(pairs.into_iter().flatten());
        let launch = Launch {
            source: KernelSource::new(self.name(), shader!("unfold")).entry(self.name()),
            bindings: vec![Bind::Operand(0), Bind::Output],
            params: words.map(Param::from).collect(),
            groups: groups_1d(count, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

impl Tensor {
    /// Returns the windows of images (N, C, H, W) as columns (N, C·kh·kw, L), or of one image (C,
    /// H, W) as (C·kh·kw, L).
    ///
    /// Row `(c·kh + i)·kw + j` of column l is the element (i, j) of window l in channel c, 0 in the
    /// padding. Windows are counted row by row; L is the product over both dimensions d of
    /// `⌊(size[d] + 2·padding[d] − dilation[d]·(kernel_size[d] − 1) − 1)/stride[d]⌋ + 1`.
    /// [torch.nn.functional.unfold](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html)
    ///
    /// ```
    /// use kindling::ops::UnfoldOptions;
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::arange(0.0, 6.0, 1.0, &Device::cpu())?.reshape(&[1, 2, 3])?;
    /// let columns = x.unfold(&UnfoldOptions::new([2, 2]))?;
    /// assert_eq!(columns.dims(), [4, 2]);
    /// assert_eq!(block_on(columns.to_vec::<f32>())?, [0.0, 1.0, 1.0, 2.0, 3.0, 4.0, 4.0, 5.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Other numbers of dimensions; an empty image; a window size, dilation or stride of 0; no
    /// window fits; integers.
    pub fn unfold(&self, options: &UnfoldOptions) -> Result<Self> {
        const OP: &str = "unfold";
        float_only(OP, self.dtype())?;
        self.batched(OP, 4, |input| {
            let image = [input.dims()[2], input.dims()[3]];
            if input.dims()[1..].contains(&0) {
                let rule = format!("expected channels, height and width greater than 0, got {}", self.shape());
                return Err(Error::shape(OP, rule));
            }
            let windows = options.windows(OP, image)?;
            Self::call(Unfold { options: *options, image, windows, fold: false }, &[input])
        })
    }

    /// Adds up columns (N, C·kh·kw, L) to images (N, C, H, W) of `output_size` (H, W), or (C·kh·kw,
    /// L) to (C, H, W).
    ///
    /// Every element of a column is added to the pixel that [`Tensor::unfold`] with the same
    /// options reads it from. Pixels in several windows so hold sums; what falls into the padding
    /// is dropped.
    /// [torch.nn.functional.fold](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fold.html)
    ///
    /// ```
    /// use kindling::ops::UnfoldOptions;
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let columns = Tensor::ones([4, 2], &Device::cpu())?;
    /// let image = columns.fold([2, 3], &UnfoldOptions::new([2, 2]))?;
    /// assert_eq!(image.dims(), [1, 2, 3]);
    /// assert_eq!(block_on(image.to_vec::<f32>())?, [1.0, 2.0, 1.0, 1.0, 2.0, 1.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Other numbers of dimensions; rows that kh·kw does not divide; another number of columns than
    /// of windows; a window size, dilation or stride of 0; no window fits; integers.
    pub fn fold(&self, output_size: [usize; 2], options: &UnfoldOptions) -> Result<Self> {
        const OP: &str = "fold";
        float_only(OP, self.dtype())?;
        self.batched(OP, 3, |input| {
            let (rows, columns) = (input.dims()[1], input.dims()[2]);
            let windows = options.windows(OP, output_size)?;
            let op = Unfold { options: *options, image: output_size, windows, fold: true };
            if rows == 0 || !rows.is_multiple_of(op.taps()) {
                let rule = format!(
                    "expected rows that the product of kernel_size={:?} divides, got {rows} of input {}",
                    options.kernel_size,
                    self.shape()
                );
                return Err(Error::shape(OP, rule));
            }
            let [down, across] = windows;
            if columns != down * across {
                let rule = format!(
                    "expected as many columns as windows in images of {output_size:?}, {down} * {across} = {}, got \
                     {columns} of input {}",
                    down * across,
                    self.shape()
                );
                return Err(Error::shape(OP, rule));
            }
            Self::call(op, &[input])
        })
    }
}

//! `max_pool2d`: maxima of windows of images, in three operations: the index of each maximum, the
//! elements at those indices, and the accumulation of gradients back to them. The last two are each
//! other's derivative. Windows that do not overlap need no indices: see `max_pool2d_maxima`.

use std::hash::{Hash, Hasher};

use crate::device::gpu::KernelSource;
use crate::device::{DType, Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor,
    View, ViewSpec, Vjp, groups_1d, typed_mut,
};
use crate::{Error, Result, dispatch, shader};

use super::pool::{Windows, each_plane, float_only, planes, with_size};

/// Options of [`Tensor::max_pool2d`]; [`MaxPool2dOptions::new`] gives PyTorch's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPool2dOptions {
    /// Height and width of a window.
    pub kernel_size: [usize; 2],
    /// Stride of the windows, down and right; the kernel size by default.
    pub stride: [usize; 2],
    /// Padding at top and bottom, and at left and right, never the maximum; 0 by default.
    pub padding: [usize; 2],
    /// Distance of a window's elements, down and right; 1 by default.
    pub dilation: [usize; 2],
    /// Allows windows to reach beyond the end; `false` by default.
    pub ceil_mode: bool,
}

impl MaxPool2dOptions {
    /// Creates the options for adjacent windows of this size.
    pub fn new(kernel_size: [usize; 2]) -> Self {
        Self { kernel_size, stride: kernel_size, padding: [0, 0], dilation: [1, 1], ceil_mode: false }
    }

    fn windows(&self) -> Windows {
        Windows {
            kernel: self.kernel_size,
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
            ceil_mode: self.ceil_mode,
        }
    }
}

/// Geometry shared by the three operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pool {
    pub windows: Windows,
    pub input: [usize; 2],
    pub output: [usize; 2],
}

impl Pool {
    pub fn pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    pub fn key(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }

    /// Returns `true` if no two windows share a pixel.
    fn is_apart(&self) -> bool {
        let windows = &self.windows;
        (0..2).all(|d| (windows.kernel[d] - 1) * windows.dilation[d] < windows.stride[d])
    }

    /// Returns the number of cells, down and across: the pixels from the start of one window to
    /// that of the next.
    pub fn cells(&self) -> [usize; 2] {
        [0, 1].map(|d| (self.input[d] + self.windows.padding[d]).div_ceil(self.windows.stride[d]))
    }

    /// Returns the elements of `from` at the indices of the maxima of `input`.
    pub fn taken(&self, from: &Tensor, input: &Tensor) -> Result<Tensor> {
        let indices = Tensor::call(Indices(*self), &[input])?;
        Tensor::call(MaxPool2d { pool: *self, backward: false }, &[from, &indices])
    }

    /// Returns the launch of `len` threads.
    pub fn program(&self, source: KernelSource, operands: &[ViewSpec], len: usize) -> Program {
        if len == 0 {
            return Program::default();
        }
        let offset = |i: usize| Param::from(operands.get(i).map_or(0, |operand| operand.layout.offset));
        let mut params = vec![Param::from(len), Param::Word(0), offset(0), offset(1)];
        params.extend([self.input, self.output].iter().flatten().map(|n| Param::from(*n)));
        params.extend(self.windows.params());
        let mut bindings: Vec<Bind> = (0..operands.len()).map(Bind::Operand).collect();
        bindings.push(Bind::Output);
        let launch = Launch { source, bindings, params, groups: groups_1d(len, 64) };
        Program { launches: vec![launch], scratch: Vec::new() }
    }
}

/// Index of the maximum of each window in its plane; NaN is larger than any number.
#[derive(Debug)]
struct Indices(Pool);

impl Function for Indices {
    fn name(&self) -> &'static str {
        "max_pool2d_with_indices"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![None])
    }
}

impl Op for Indices {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(Spec::new(with_size(&operands[0].shape, self.0.output), DType::I32))
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.0.hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for Indices {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let pool = &self.0;
        let output = typed_mut::<i32>(output)?;
        dispatch!(operands[0].data.dtype(), floats T => {
            let data = operands[0].contiguous::<T>()?;
            each_plane(output, pool.positions(), |i, plane| {
                find(pool, &data[i * pool.pixels()..(i + 1) * pool.pixels()], plane);
                Ok(())
            })
        }, Err(Error::internal("a pool of numbers that are no floats")))
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let source = KernelSource::new(self.name(), shader!("max_pool2d_with_indices"));
        Ok(self.0.program(source, operands, output.shape.numel()))
    }
}

/// Returns the part of a window within the image along one dimension: the first index and the
/// length.
fn within(pool: &Pool, d: usize, o: usize) -> (usize, usize) {
    let windows = &pool.windows;
    let (step, padding) = (windows.dilation[d], windows.padding[d]);
    let start = o * windows.stride[d];
    let skipped = padding.saturating_sub(start).div_ceil(step);
    let first = (start + skipped * step).saturating_sub(padding);
    let fit = pool.input[d].saturating_sub(first).div_ceil(step);
    (first, windows.kernel[d].saturating_sub(skipped).min(fit))
}

pub(super) fn find<T: Float>(pool: &Pool, image: &[T], plane: &mut [i32]) {
    let [step_h, step_w] = pool.windows.dilation;
    let (wide, stride) = (pool.input[1], pool.windows.stride[1]);
    let cols: Vec<(usize, usize)> = (0..pool.output[1]).map(|o| within(pool, 1, o)).collect();
    // Windows that lie within the image: all columns are compared at once, tap by tap.
    let even = cols.iter().all(|(_, count)| *count == pool.windows.kernel[1]) && pool.windows.padding[1] == 0;
    // Whole vectors only: a remainder would be compared one by one.
    let width = pool.output[1].next_multiple_of(8);
    let offsets: Vec<i32> = (0..width).map(|o| (o * stride) as i32).collect();
    let (mut best, mut taps, mut winners) = (vec![T::neg_infinity(); width], vec![T::zero(); width], vec![0; width]);
    for (oh, line) in plane.chunks_mut(pool.output[1].max(1)).enumerate() {
        let (top, rows) = within(pool, 0, oh);
        if even {
            best.fill(T::neg_infinity());
            winners.iter_mut().zip(&cols).for_each(|(at, (left, _))| *at = (top * wide + left) as i32);
            for (row, col) in (0..rows).flat_map(|row| (0..pool.windows.kernel[1]).map(move |col| (row, col))) {
                let start = (top + row * step_h) * wide + col * step_w;
                taps[..line.len()].iter_mut().zip(image[start..].iter().step_by(stride)).for_each(|(tap, x)| *tap = *x);
                better(&mut winners, &mut best, &taps, start as i32, &offsets);
            }
            line.copy_from_slice(&winners[..line.len()]);
            continue;
        }
        for (out, (left, count)) in line.iter_mut().zip(&cols) {
            let mut best = (top * wide + left, T::neg_infinity());
            for row in 0..rows {
                let start = (top + row * step_h) * wide + left;
                for col in 0..*count {
                    let at = start + col * step_w;
                    let x = image[at];
                    if x > best.1 || x.is_nan() {
                        best = (at, x);
                    }
                }
            }
            *out = best.0 as i32;
        }
    }
}

/// Updates the maxima by the next taps that are larger, or NaN; tap `i` is at `start + offsets[i]`.
/// By masks: a conditional compiles to branches, which random-looking numbers make unpredictable,
/// at ten times the time.
fn better<T: Float>(winners: &mut [i32], best: &mut [T], taps: &[T], start: i32, offsets: &[i32]) {
    let count = winners.len();
    let (best, taps, offsets) = (&mut best[..count], &taps[..count], &offsets[..count]);
    for i in 0..count {
        let larger = (taps[i] > best[i]) | taps[i].is_nan();
        let mask = -i32::from(larger);
        winners[i] = ((start + offsets[i]) & mask) | (winners[i] & !mask);
        best[i] = if larger { taps[i] } else { best[i] };
    }
}

/// Maxima at the indices of operand 1, or with `backward`, the gradient of the images from that of
/// the maxima.
#[derive(Debug)]
struct MaxPool2d {
    pool: Pool,
    backward: bool,
}

impl Function for MaxPool2d {
    fn name(&self) -> &'static str {
        if self.backward { "max_pool2d_backward" } else { "max_pool2d" }
    }

    fn saves(&self) -> Saves {
        Saves::inputs(&[1])
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let other = Self { pool: self.pool, backward: !self.backward };
        Ok(vec![Some(Tensor::call(other, &[grad, &cx.input(1)?])?), None])
    }
}

impl Op for MaxPool2d {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let size = if self.backward { self.pool.input } else { self.pool.output };
        Ok(Spec::new(with_size(&operands[0].shape, size), operands[0].dtype))
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        (self.pool, self.backward).hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for MaxPool2d {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let (data, indices) = (operands[0].contiguous::<T>()?, operands[1].contiguous::<i32>()?);
        let (pixels, positions) = (self.pool.pixels(), self.pool.positions());
        let indices = |i: usize| &indices[i * positions..(i + 1) * positions];
        if self.backward {
            return each_plane(output, pixels, |i, plane| {
                plane.fill(T::zero());
                let grads = &data[i * positions..(i + 1) * positions];
                indices(i).iter().zip(grads).for_each(|(at, grad)| plane[*at as usize] += *grad);
                Ok(())
            });
        }
        each_plane(output, positions, |i, plane| {
            let image = &data[i * pixels..(i + 1) * pixels];
            plane.iter_mut().zip(indices(i)).for_each(|(out, at)| *out = image[*at as usize]);
            Ok(())
        })
    }
}

impl Kernel for MaxPool2d {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let shader = if self.backward { shader!("max_pool2d_backward") } else { shader!("max_pool2d") };
        let source = KernelSource::new(self.name(), shader);
        Ok(self.pool.program(source, operands, output.shape.numel()))
    }

    fn fuses_epilogue(&self) -> bool {
        true
    }
}

impl Tensor {
    /// Computes the maximum of every window of images (n, c, h, w), or of one (c, h, w). Its
    /// gradient goes to the first maximum in row-major order.
    /// [torch.nn.functional.max_pool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html)
    ///
    /// ```
    /// use kindling::ops::MaxPool2dOptions;
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> {
    /// let images = Tensor::ones([2, 3, 32, 32], &Device::cpu())?;
    /// assert_eq!(images.max_pool2d(&MaxPool2dOptions::new([2, 2]))?.dims(), [2, 3, 16, 16]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The input has another number of dimensions or an integer type; a kernel, stride or dilation
    /// is 0; the padding exceeds half of the kernel; no window fits.
    pub fn max_pool2d(&self, options: &MaxPool2dOptions) -> Result<Self> {
        let pool = self.max_pool(options)?;
        if pool.is_apart() {
            return self.contiguous()?.max_pool2d_maxima(pool);
        }
        Ok(self.max_pool2d_with_indices(options)?.0)
    }

    /// Computes [`Tensor::max_pool2d`], and the index of each maximum in its plane, row·width +
    /// column.
    ///
    /// ```
    /// use kindling::{ops::MaxPool2dOptions, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[[1.0_f32, 2.0], [5.0, 4.0]]], &cpu)?;
    /// let (maxima, indices) = x.max_pool2d_with_indices(&MaxPool2dOptions::new([2, 2]))?;
    /// assert_eq!(maxima.to_string(), "tensor([[[5.]]])");
    /// assert_eq!(indices.to_string(), "tensor([[[2]]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::max_pool2d`].
    pub fn max_pool2d_with_indices(&self, options: &MaxPool2dOptions) -> Result<(Self, Self)> {
        let pool = self.max_pool(options)?;
        // Copied once for both operations, if at all.
        let input = self.contiguous()?;
        let indices = Self::call(Indices(pool), &[&input])?;
        let maxima = Self::call(MaxPool2d { pool, backward: false }, &[&input, &indices])?;
        Ok((maxima, indices))
    }

    fn max_pool(&self, options: &MaxPool2dOptions) -> Result<Pool> {
        float_only("max_pool2d", self.dtype())?;
        let (_, input) = planes("max_pool2d", self.dims())?;
        let windows = options.windows();
        Ok(Pool { windows, input, output: windows.output("max_pool2d", input)? })
    }
}

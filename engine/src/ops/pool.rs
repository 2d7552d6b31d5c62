//! The family of pools: windows over the planes of images. Shared by them: positions of windows,
//! iteration over planes on the CPU, and means over windows with their gradient.

use std::hash::{Hash, Hasher};

use crate::device::gpu::KernelSource;
use crate::device::{DType, Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec,
    Tensor, View, ViewSpec, Vjp, groups_1d,
};
use crate::{Error, Result, shader};

/// Windows of one size at a constant stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Windows {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
    pub ceil_mode: bool,
}

impl Windows {
    /// Returns the number of windows, down and across.
    ///
    /// # Errors
    /// A kernel, stride or dilation is 0; the padding exceeds half of the kernel; no window fits.
    pub fn output(&self, op: &'static str, input: [usize; 2]) -> Result<[usize; 2]> {
        let refuse = |rule: String| Err(Error::shape(op, rule));
        if [self.kernel, self.stride, self.dilation].iter().flatten().any(|n| *n == 0) {
            return refuse(format!(
                "kernel size, stride and dilation must be at least 1, got {:?}, {:?} and {:?}",
                self.kernel, self.stride, self.dilation
            ));
        }
        // PyTorch's rule does not take the dilation into account.
        if (0..2).any(|d| self.padding[d] > self.kernel[d] / 2) {
            return refuse(format!(
                "padding should be at most half of the kernel size, got {:?} for a kernel of {:?}",
                self.padding, self.kernel
            ));
        }
        let count = |d: usize| {
            let (kernel, stride, padding) = (self.kernel[d], self.stride[d], self.padding[d]);
            pooled_size(input[d], kernel, stride, padding, self.dilation[d], self.ceil_mode)
        };
        match (count(0), count(1)) {
            (Some(h), Some(w)) if h > 0 && w > 0 && input[0] > 0 && input[1] > 0 => Ok([h, w]),
            _ => refuse(format!("the output would be empty: an input of {input:?} for a kernel of {:?}", self.kernel)),
        }
    }

    /// Returns them as parameters of a shader.
    pub fn params(&self) -> Vec<Param> {
        [self.kernel, self.stride, self.padding, self.dilation].iter().flatten().map(|n| Param::from(*n)).collect()
    }
}

/// Returns the number of windows along a side of `size` elements, by PyTorch's rule. With
/// `ceil_mode` the last window may reach over the end if it starts in the image or the padding
/// before it. `None` if no window fits, or a size overflows.
pub(crate) fn pooled_size(
    size: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
    ceil_mode: bool,
) -> Option<usize> {
    let padded = size.checked_add(padding.checked_mul(2)?)?;
    let reach = kernel.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
    let steps = match padded.checked_sub(reach) {
        Some(free) if ceil_mode => free.div_ceil(stride),
        Some(free) => free / stride,
        None if ceil_mode && reach - padded < stride => 0,
        None => return None,
    };
    let last_starts_inside = steps * stride < size + padding;
    Some(if ceil_mode && !last_starts_inside { steps } else { steps + 1 })
}

/// The sizes of a batch of images (…, h, w), or an error.
pub(super) fn planes(op: &'static str, shape: &[usize]) -> Result<(usize, [usize; 2])> {
    match shape {
        [c, h, w] => Ok((*c, [*h, *w])),
        [n, c, h, w] => Ok((n * c, [*h, *w])),
        _ => Err(Error::shape(op, format!("expected an input of 3 (unbatched) or 4 dimensions, got {shape:?}"))),
    }
}

/// Returns the shape with another height and width.
pub(super) fn with_size(shape: &[usize], size: [usize; 2]) -> Shape {
    let outer = shape.len().saturating_sub(2);
    Shape::new(shape[..outer].iter().copied().chain(size))
}

/// Refuses types that are not floating point.
pub(super) fn float_only(op: &'static str, dtype: DType) -> Result<()> {
    if dtype.is_float() { Ok(()) } else { Err(Error::dtype(op, format!("not implemented for {dtype}"))) }
}

/// Runs `f` on every plane of `len` elements of an output, in parallel if that pays.
pub(super) fn each_plane<T: Send>(
    output: &mut [T],
    len: usize,
    f: impl Fn(usize, &mut [T]) -> Result<()> + Sync,
) -> Result<()> {
    if len == 0 {
        return Ok(());
    }
    #[cfg(not(target_arch = "wasm32"))]
    if output.len() > 1 << 14 {
        use rayon::prelude::*;
        return output.par_chunks_mut(len).enumerate().try_for_each(|(i, plane)| f(i, plane));
    }
    output.chunks_mut(len).enumerate().try_for_each(|(i, plane)| f(i, plane))
}

/// Elements over which a mean is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Means {
    /// Windows; the divisor is the number of elements, with or without padding, or given.
    Strided { windows: Windows, count_include_pad: bool, divisor: Option<usize> },
    /// As many parts of the image as the output has elements, as even as possible.
    Adaptive,
}

/// Span `[from, to)` of an input and its size as divisor, for window `o` of `outputs`.
struct Span {
    from: usize,
    to: usize,
    counts: usize,
}

impl Means {
    fn span(&self, d: usize, o: usize, inputs: usize, outputs: usize) -> Span {
        match self {
            Self::Adaptive => {
                let (from, to) = (o * inputs / outputs, ((o + 1) * inputs).div_ceil(outputs));
                Span { from, to, counts: to - from }
            }
            Self::Strided { windows, count_include_pad, .. } => {
                // In coordinates of the padded image.
                let padding = windows.padding[d];
                let start = o * windows.stride[d];
                let end = (start + windows.kernel[d]).min(inputs + 2 * padding);
                let (from, to) = (start.saturating_sub(padding), end.saturating_sub(padding).min(inputs));
                Span { from, to, counts: if *count_include_pad { end - start } else { to.saturating_sub(from) } }
            }
        }
    }

    fn divisor(&self, rows: &Span, cols: &Span) -> usize {
        match self {
            Self::Strided { divisor: Some(divisor), .. } => *divisor,
            _ => rows.counts * cols.counts,
        }
    }

    fn shader(&self) -> &'static [&'static str] {
        match self {
            Self::Strided { .. } => shader!("avg_pool2d"),
            Self::Adaptive => shader!("adaptive_avg_pool2d"),
        }
    }
}

/// Means over windows, or the gradient of the input from that of the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct MeanPool {
    pub means: Means,
    pub input: [usize; 2],
    pub output: [usize; 2],
    pub backward: bool,
}

impl Function for MeanPool {
    fn name(&self) -> &'static str {
        match (&self.means, self.backward) {
            (Means::Strided { .. }, false) => "avg_pool2d",
            (Means::Strided { .. }, true) => "avg_pool2d_backward",
            (Means::Adaptive, false) => "adaptive_avg_pool2d",
            (Means::Adaptive, true) => "adaptive_avg_pool2d_backward",
        }
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(Tensor::call(Self { backward: !self.backward, ..*self }, &[grad])?)])
    }
}

impl Op for MeanPool {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        float_only(self.name(), operands[0].dtype)?;
        let size = if self.backward { self.input } else { self.output };
        Ok(Spec::new(with_size(&operands[0].shape, size), operands[0].dtype))
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        (self.means, self.input, self.output, self.backward).hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for MeanPool {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let data = operands[0].contiguous::<T>()?;
        let ([_, w], [oh, ow]) = (self.input, self.output);
        let spans = |d: usize| (0..self.output[d]).map(move |o| self.means.span(d, o, self.input[d], self.output[d]));
        let (rows, cols): (Vec<Span>, Vec<Span>) = (spans(0).collect(), spans(1).collect());
        let (inputs, outputs) = (self.input[0] * w, oh * ow);
        let scale = |rows: &Span, cols: &Span| T::one() / T::from_f64(self.means.divisor(rows, cols) as f64);
        if self.backward {
            return each_plane(output, inputs, |i, plane| {
                plane.fill(T::zero());
                let mut grads = data[i * outputs..(i + 1) * outputs].iter();
                for (rows, cols) in rows.iter().flat_map(|rows| cols.iter().map(move |cols| (rows, cols))) {
                    let Some(grad) = grads.next() else { break };
                    let grad = *grad * scale(rows, cols);
                    for row in rows.from..rows.to {
                        plane[row * w + cols.from..row * w + cols.to].iter_mut().for_each(|x| *x += grad);
                    }
                }
                Ok(())
            });
        }
        each_plane(output, outputs, |i, plane| {
            let image = &data[i * inputs..(i + 1) * inputs];
            for (line, rows) in plane.chunks_mut(ow).zip(&rows) {
                for (out, cols) in line.iter_mut().zip(&cols) {
                    let row_sum = |row: usize| image[row * w + cols.from..row * w + cols.to].iter().copied().sum::<T>();
                    *out = (rows.from..rows.to).map(row_sum).sum::<T>() * scale(rows, cols);
                }
            }
            Ok(())
        })
    }
}

impl Kernel for MeanPool {
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
        let len = output.shape.numel();
        if len == 0 {
            return Ok(Program::default());
        }
        let mut params = vec![Param::from(len), Param::from(operands[0].layout.offset)];
        params.extend([self.input, self.output].iter().flatten().map(|n| Param::from(*n)));
        if let Means::Strided { windows, count_include_pad, divisor } = &self.means {
            params.extend([Param::from(u32::from(*count_include_pad)), Param::from(divisor.unwrap_or(0))]);
            params.extend(windows.params());
        }
        let source = KernelSource::new(self.name(), self.means.shader());
        let launch = Launch {
            source: source.entry(if self.backward { "backward" } else { "forward" }),
            bindings: vec![Bind::Operand(0), Bind::Output],
            params,
            groups: groups_1d(len, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

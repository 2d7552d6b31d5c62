//! Convolutions on the CPU, in all three directions, as sliding products (`kindling_gemm::slide`).
//! An image is copied once into a padded buffer. With a stride, rows and columns are sorted into as
//! many phases, so that the elements a tap reads are adjacent. Images run in parallel. Results do
//! not depend on the number of threads.

use kindling_gemm::Scalar;
use kindling_gemm::slide::{Left, Positions, SLACK, Sums, slide};

use crate::device::Float;
use crate::tensor::Layout;
use crate::{Error, Result};

use super::Geometry;

/// Maximum number of partial sums over images, and their maximum size in elements.
const MAX_PARTS: usize = 16;
const MAX_PARTIAL_SUMS: usize = 1 << 22;

/// Number of multiply-adds below which waking other threads does not pay.
#[cfg(not(target_arch = "wasm32"))]
const MIN_PARALLEL_WORK: usize = 1 << 20;

/// Images in memory with contiguous rows.
#[derive(Clone, Copy)]
pub(crate) struct Images<'a, T> {
    data: &'a [T],
    /// Strides of images, channels and rows.
    steps: [isize; 3],
    offset: usize,
}

impl<'a, T> Images<'a, T> {
    /// Reads elements through a layout (see `has_rows`).
    pub fn new(data: &'a [T], layout: &Layout) -> Self {
        let steps = [layout.strides[0], layout.strides[1], layout.strides[2]];
        Self { data, steps, offset: layout.offset }
    }

    fn row(&self, image: usize, channel: usize, row: usize, len: usize) -> &'a [T] {
        let [n, c, h] = self.steps;
        let at = self.offset as isize + image as isize * n + channel as isize * c + row as isize * h;
        &self.data[at as usize..at as usize + len]
    }
}

/// A padded copy of some channels of an image, sorted into phases of the stride.
struct Padded {
    channels: usize,
    /// Height and width copied.
    size: [usize; 2],
    stride: [usize; 2],
    before: [usize; 2],
    /// Phases that taps read, each a plane of `rows` × `pitch`.
    phases: Vec<[usize; 2]>,
    rows: usize,
    pitch: usize,
}

impl Padded {
    fn len(&self) -> usize {
        self.channels * self.phases.len() * self.rows * self.pitch + SLACK
    }

    /// Copies an image; the padding, zero initially, stays.
    fn fill<T: Float>(&self, x: &Images<'_, T>, image: usize, first_channel: usize, buffer: &mut [T]) {
        let [stride_h, stride_w] = self.stride;
        let planes = buffer.chunks_exact_mut((self.rows * self.pitch).max(1));
        let phases = (0..self.channels).flat_map(|c| self.phases.iter().map(move |phase| (c, phase)));
        for ((channel, [phase_h, phase_w]), plane) in phases.zip(planes) {
            // Columns inside the image, and the first of the image's among them.
            let from = self.before[1].saturating_sub(*phase_w).div_ceil(stride_w).min(self.pitch);
            let to = (self.size[1] + self.before[1]).saturating_sub(*phase_w).div_ceil(stride_w).min(self.pitch);
            if from >= to {
                continue;
            }
            let first = from * stride_w + phase_w - self.before[1];
            for (u, line) in plane.chunks_exact_mut(self.pitch).enumerate() {
                let Some(row) = (u * stride_h + phase_h).checked_sub(self.before[0]).filter(|row| *row < self.size[0])
                else {
                    continue;
                };
                let source = &x.row(image, first_channel + channel, row, self.size[1])[first..];
                let line = &mut line[from..to];
                if stride_w == 1 {
                    line.copy_from_slice(&source[..line.len()]);
                } else {
                    line.iter_mut().zip(source.iter().step_by(stride_w)).for_each(|(to, x)| *to = *x);
                }
            }
        }
    }
}

/// Source of a sliding product: the padded copy and the offset of each tap in it.
struct Source {
    padded: Padded,
    taps: Vec<usize>,
}

impl Geometry {
    /// Returns the phase that a tap of the kernel reads along dimension `d`, and the number of
    /// steps further on.
    fn phase(&self, d: usize, tap: usize) -> (usize, usize) {
        let (shift, stride) = (tap * self.window.dilation[d], self.window.stride[d]);
        (shift % stride, shift / stride)
    }

    /// Returns the steps of the furthest tap.
    fn furthest(&self, d: usize) -> usize {
        self.phase(d, self.kernel[d].saturating_sub(1)).1
    }

    fn kernel_positions(&self) -> impl Iterator<Item = [usize; 2]> + Clone {
        let [h, w] = self.kernel;
        (0..h).flat_map(move |i| (0..w).map(move |j| [i, j]))
    }

    /// Returns the input as forward and the gradient of the weight read it.
    fn source(&self) -> Source {
        let mut phases: Vec<[usize; 2]> = Vec::new();
        let mut meets = Vec::with_capacity(self.taps());
        for [kh, kw] in self.kernel_positions() {
            let ((phase_h, down), (phase_w, right)) = (self.phase(0, kh), self.phase(1, kw));
            let at = phases.iter().position(|phase| *phase == [phase_h, phase_w]).unwrap_or_else(|| {
                phases.push([phase_h, phase_w]);
                phases.len() - 1
            });
            meets.push((at, down, right));
        }
        let (rows, pitch) = (self.output[0] + self.furthest(0), self.output[1] + self.furthest(1));
        let of_channel = |c: usize| meets.iter().map(move |m| (c, m));
        let count = phases.len();
        let tap = |(c, (phase, down, right)): (usize, &(usize, usize, usize))| {
            ((c * count + phase) * rows + down) * pitch + right
        };
        let taps = (0..self.channels).flat_map(of_channel).map(tap).collect();
        let padded = Padded {
            channels: self.channels,
            size: self.input,
            stride: self.window.stride,
            before: self.window.before,
            phases,
            rows,
            pitch,
        };
        Source { padded, taps }
    }

    /// Returns the output's positions, written contiguously.
    fn positions_of(&self, source: &Source, start: usize) -> Positions {
        let [rows, cols] = self.output;
        Positions { rows, cols, pitch: source.padded.pitch, start, out_row: cols, out_col: 1 }
    }

    /// Returns the number of multiplications of one direction.
    fn work(&self) -> usize {
        self.images * self.positions() * self.window.groups * self.filters * self.depth()
    }
}

/// Runs `f` on every piece of `len` elements, in parallel if there is enough work. A thread takes
/// several consecutive pieces and gives them one buffer of `scratch` zeros.
fn each<T: Float>(
    output: &mut [T],
    (len, scratch): (usize, usize),
    work: usize,
    f: impl Fn(&mut [T], usize, &mut [T]) -> Result<()> + Sync,
) -> Result<()> {
    if len == 0 || output.is_empty() {
        return Ok(());
    }
    let run = |first: usize, pieces: &mut [T]| {
        let mut buffer = vec![T::zero(); scratch];
        pieces.chunks_mut(len).enumerate().try_for_each(|(i, piece)| f(&mut buffer, first + i, piece))
    };
    #[cfg(not(target_arch = "wasm32"))]
    if work > MIN_PARALLEL_WORK && output.len() > len && rayon::current_num_threads() > 1 {
        use rayon::prelude::*;
        let share = (output.len() / len).div_ceil(4 * rayon::current_num_threads());
        return output.par_chunks_mut(share * len).enumerate().try_for_each(|(i, pieces)| run(i * share, pieces));
    }
    let _ = work;
    run(0, output)
}

/// Computes `output = conv2d(x, weight) + bias`; `weight` is contiguous, and so is every image of
/// `output`.
pub(crate) fn forward<T: Scalar + Float>(
    g: &Geometry,
    x: &Images<'_, T>,
    weight: &[T],
    bias: Option<&[T]>,
    output: &mut [T],
) -> Result<()> {
    let (groups, filters, depth, positions) = (g.window.groups, g.filters, g.depth(), g.positions());
    let source = g.source();
    let left = |group: usize| Left::new(filters, depth, |f, t| weight[(group * filters + f) * depth + t]);
    let lefts: Vec<Left<T>> = (0..groups).map(left).collect();
    each(output, (groups * filters * positions, source.padded.len()), g.work(), |buffer, image, out| {
        for (group, left) in lefts.iter().enumerate() {
            source.padded.fill(x, image, group * g.channels, buffer);
            let to = g.positions_of(&source, group * filters * positions);
            let bias = bias.map(|bias| &bias[group * filters..]);
            slide(left, (&*buffer, &source.taps), to, bias, out, positions).map_err(Error::internal)?;
        }
        Ok(())
    })
}

/// Part of the input's gradient that one phase of the stride contributes to.
struct Phase {
    /// Taps of the kernel in this phase.
    kernel: Vec<[usize; 2]>,
    taps: Vec<usize>,
    positions: Positions,
}

/// Returns the phases of the input's gradient, and the padded gradient of the output that they
/// read.
fn phases(g: &Geometry) -> (Padded, Vec<Phase>) {
    let (window, furthest) = (&g.window, [g.furthest(0), g.furthest(1)]);
    // Element i of the input is element q of phase r: i + before = q·stride + r.
    let last = |d: usize| (g.input[d] + window.before[d]).saturating_sub(1) / window.stride[d];
    let size = |d: usize| furthest[d] + g.output[d].max(last(d) + 1);
    let padded = Padded {
        channels: g.filters,
        size: g.output,
        stride: [1, 1],
        before: furthest,
        phases: vec![[0, 0]],
        rows: size(0),
        pitch: size(1),
    };
    let span = |d: usize, r: usize| {
        let first = window.before[d].saturating_sub(r).div_ceil(window.stride[d]);
        let end = (g.input[d] + window.before[d]).saturating_sub(r).div_ceil(window.stride[d]);
        (first, end.saturating_sub(first))
    };
    let mut phases = Vec::new();
    for (r_h, r_w) in (0..window.stride[0]).flat_map(|r_h| (0..window.stride[1]).map(move |r_w| (r_h, r_w))) {
        let ((first_h, rows), (first_w, cols)) = (span(0, r_h), span(1, r_w));
        if rows == 0 || cols == 0 {
            continue;
        }
        let meets = |[kh, kw]: &[usize; 2]| g.phase(0, *kh).0 == r_h && g.phase(1, *kw).0 == r_w;
        let kernel: Vec<[usize; 2]> = g.kernel_positions().filter(meets).collect();
        let shift = |[kh, kw]: &[usize; 2]| {
            let (down, right) = (first_h + furthest[0] - g.phase(0, *kh).1, first_w + furthest[1] - g.phase(1, *kw).1);
            down * padded.pitch + right
        };
        let plane = padded.rows * padded.pitch;
        let taps = (0..g.filters).flat_map(|f| kernel.iter().map(move |k| f * plane + shift(k))).collect();
        let row = first_h * window.stride[0] + r_h - window.before[0];
        let start = row * g.input[1] + first_w * window.stride[1] + r_w - window.before[1];
        let (out_row, out_col) = (window.stride[0] * g.input[1], window.stride[1]);
        let positions = Positions { rows, cols, pitch: padded.pitch, start, out_row, out_col };
        phases.push(Phase { kernel, taps, positions });
    }
    (padded, phases)
}

/// Computes the gradient of the input; the planes of `grad` are contiguous.
pub(crate) fn input_gradient<T: Scalar + Float>(
    g: &Geometry,
    grad: &Images<'_, T>,
    weight: &[T],
    output: &mut [T],
) -> Result<()> {
    let (groups, filters, depth, size) = (g.window.groups, g.filters, g.depth(), g.channels * g.pixels());
    let (padded, phases) = phases(g);
    let left = |(group, phase): (usize, &Phase)| {
        let taps = phase.kernel.len().max(1);
        Left::new(g.channels, phase.taps.len(), |c, t| {
            let [kh, kw] = phase.kernel[t % taps];
            weight[(group * filters + t / taps) * depth + c * g.taps() + kh * g.kernel[1] + kw]
        })
    };
    let lefts: Vec<Vec<Left<T>>> =
        (0..groups).map(|group| phases.iter().map(|phase| left((group, phase))).collect()).collect();
    each(output, (groups * size, padded.len()), g.work(), |buffer, image, out| {
        for (group, lefts) in lefts.iter().enumerate() {
            padded.fill(grad, image, group * filters, buffer);
            let out = &mut out[group * size..(group + 1) * size];
            for (phase, left) in phases.iter().zip(lefts) {
                slide(left, (&*buffer, &phase.taps), phase.positions, None, out, g.pixels())
                    .map_err(Error::internal)?;
            }
        }
        Ok(())
    })
}

/// Computes the gradient of the weight; the planes of `grad` are contiguous. Images are summed in
/// parts, and the parts in order.
pub(crate) fn weight_gradient<T: Scalar + Float>(
    g: &Geometry,
    x: &Images<'_, T>,
    grad: &Images<'_, T>,
    output: &mut [T],
) -> Result<()> {
    let (groups, filters, depth) = (g.window.groups, g.filters, g.depth());
    let source = g.source();
    let most = (MAX_PARTIAL_SUMS / output.len().max(1)).clamp(1, MAX_PARTS);
    let share = g.images.div_ceil(most).max(1);
    let parts = g.images.div_ceil(share);
    let of_part = |buffer: &mut [T], part: usize, sum: &mut [T]| {
        for group in 0..groups {
            let mut sums = Sums::new(filters, depth);
            for image in part * share..((part + 1) * share).min(g.images) {
                source.padded.fill(x, image, group * g.channels, buffer);
                let planes: Vec<&[T]> =
                    (0..filters).map(|f| grad.row(image, group * filters + f, 0, g.positions())).collect();
                sums.add((&*buffer, &source.taps), g.positions_of(&source, 0), &planes).map_err(Error::internal)?;
            }
            for (f, line) in sum[group * filters * depth..].chunks_mut(depth.max(1)).take(filters).enumerate() {
                line.iter_mut().enumerate().for_each(|(t, x)| *x = sums.at(f, t));
            }
        }
        Ok(())
    };
    if parts <= 1 {
        return of_part(&mut vec![T::zero(); source.padded.len()], 0, output);
    }
    let mut sums = vec![T::zero(); output.len() * parts];
    each(&mut sums, (output.len(), source.padded.len()), g.work(), of_part)?;
    output.fill(T::zero());
    for sum in sums.chunks(output.len().max(1)) {
        output.iter_mut().zip(sum).for_each(|(to, x)| *to += *x);
    }
    Ok(())
}

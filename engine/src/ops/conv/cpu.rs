//! Convolutions on the CPU. Patches of an image are copied into the columns of a matrix, block by block so that it
//! stays in cache, and multiplied; images run side by side. Kernels of a single channel are summed up directly.

use kindling_gemm::{Strided, Threads};

use crate::Result;
use crate::device::Float;
use crate::ops::gemm::Multiply;
use crate::tensor::Layout;

use super::Geometry;

/// Elements of a block of patches: half of a second-level cache.
const BLOCK: usize = 1 << 16;

/// Images in memory: rows lie in one piece.
#[derive(Clone, Copy)]
pub(crate) struct Images<'a, T> {
    data: &'a [T],
    /// From image to image, channel to channel, row to row.
    steps: [isize; 3],
    offset: usize,
}

impl<'a, T> Images<'a, T> {
    /// Elements through a layout (see `has_rows`).
    pub fn new(data: &'a [T], layout: &Layout) -> Self {
        let steps = [layout.strides[0], layout.strides[1], layout.strides[2]];
        Self { data, steps, offset: layout.offset }
    }

    fn place(&self, image: usize, channel: usize, row: usize) -> usize {
        let [n, c, h] = self.steps;
        (self.offset as isize + image as isize * n + channel as isize * c + row as isize * h) as usize
    }
}

/// Runs `f` on every piece of `len` elements, side by side if that pays; `f` is given a buffer of its thread.
fn each<T: Float>(
    output: &mut [T],
    len: usize,
    f: impl Fn(&mut Vec<T>, usize, &mut [T]) -> Result<()> + Sync,
) -> Result<()> {
    if len == 0 {
        return Ok(());
    }
    #[cfg(not(target_arch = "wasm32"))]
    if output.len() > len {
        use rayon::prelude::*;
        let pieces = output.par_chunks_mut(len).enumerate();
        return pieces.try_for_each_init(Vec::new, |buffer, (i, piece)| f(buffer, i, piece));
    }
    let mut buffer = Vec::new();
    output.chunks_mut(len).enumerate().try_for_each(|(i, piece)| f(&mut buffer, i, piece))
}

impl Geometry {
    /// Rows of the output that are computed at a time.
    fn block(&self) -> usize {
        (BLOCK / (self.depth() * self.output[1]).max(1)).clamp(1, self.output[0].max(1))
    }

    /// The columns `from..to` of the output whose tap lies inside of the image, and the column of the first.
    fn inside(&self, tap: usize) -> (usize, usize, usize) {
        let (stride, shift) = (self.window.stride[1], tap * self.window.dilation[1]);
        let before = self.window.before[1];
        let from = before.saturating_sub(shift).div_ceil(stride).min(self.output[1]);
        let end = (self.input[1] + before).saturating_sub(shift).div_ceil(stride);
        let to = end.clamp(from, self.output[1]);
        (from, to, (from * stride + shift).saturating_sub(before))
    }

    /// The row of the image that a tap of an output's row falls on.
    fn row(&self, output: usize, tap: usize) -> Option<usize> {
        let row =
            (output * self.window.stride[0] + tap * self.window.dilation[0]).checked_sub(self.window.before[0])?;
        (row < self.input[0]).then_some(row)
    }

    /// `patches[(c, kh, kw), (oh, ow)]` for output rows `rows.0..rows.1` of a group of an image.
    fn gather<T: Float>(&self, x: &Images<'_, T>, image: usize, group: usize, rows: [usize; 2], patches: &mut Vec<T>) {
        let (wide, stride) = (self.output[1], self.window.stride[1]);
        patches.resize(self.depth() * (rows[1] - rows[0]) * wide, T::zero());
        let mut lines = patches.chunks_exact_mut(wide.max(1));
        for channel in group * self.channels..(group + 1) * self.channels {
            for (kh, kw) in (0..self.kernel[0]).flat_map(|kh| (0..self.kernel[1]).map(move |kw| (kh, kw))) {
                let (from, to, first) = self.inside(kw);
                for (oh, line) in (rows[0]..rows[1]).zip(&mut lines) {
                    let Some(row) = self.row(oh, kh).filter(|_| from < to) else {
                        line.fill(T::zero());
                        continue;
                    };
                    line[..from].fill(T::zero());
                    line[to..].fill(T::zero());
                    let source = &x.data[x.place(image, channel, row) + first..];
                    if stride == 1 {
                        line[from..to].copy_from_slice(&source[..to - from]);
                    } else {
                        line[from..to].iter_mut().zip(source.iter().step_by(stride)).for_each(|(to, x)| *to = *x);
                    }
                }
            }
        }
    }

    /// The inverse: adds patches to the planes of a group of one image, which begin at `image[0]`.
    fn scatter<T: Float>(&self, patches: &[T], rows: [usize; 2], image: &mut [T]) {
        let (wide, stride) = (self.output[1], self.window.stride[1]);
        let mut lines = patches.chunks_exact(wide.max(1));
        for channel in 0..self.channels {
            for (kh, kw) in (0..self.kernel[0]).flat_map(|kh| (0..self.kernel[1]).map(move |kw| (kh, kw))) {
                let (from, to, first) = self.inside(kw);
                for (oh, line) in (rows[0]..rows[1]).zip(&mut lines) {
                    let Some(row) = self.row(oh, kh).filter(|_| from < to) else { continue };
                    let at = channel * self.pixels() + row * self.input[1] + first;
                    let line = &line[from..to];
                    if stride == 1 {
                        image[at..at + line.len()].iter_mut().zip(line).for_each(|(to, x)| *to += *x);
                    } else {
                        image[at..].iter_mut().step_by(stride).zip(line).for_each(|(to, x)| *to += *x);
                    }
                }
            }
        }
    }

    /// Whether groups are so thin that a product would be mostly overhead.
    fn is_depthwise(&self) -> bool {
        self.window.groups > 1 && self.channels == 1 && self.filters <= 2
    }

    fn each_row_block(&self, mut f: impl FnMut([usize; 2]) -> Result<()>) -> Result<()> {
        let (rows, block) = (self.output[0], self.block());
        (0..rows).step_by(block).try_for_each(|from| f([from, (from + block).min(rows)]))
    }
}

/// `output = conv2d(x, weight) + bias`; `weight` is contiguous, `output` has every image in one piece.
pub(crate) fn forward<T: Multiply + Float>(
    g: &Geometry,
    x: &Images<'_, T>,
    weight: &[T],
    bias: Option<&[T]>,
    output: &mut [T],
) -> Result<()> {
    let (depth, places, filters, stride) = (g.depth(), g.places(), g.filters, g.window.stride[1]);
    each(output, g.window.groups * filters * places, |patches, image, out| {
        if let Some(bias) = bias {
            out.chunks_mut(places.max(1)).zip(bias).for_each(|(plane, b)| plane.fill(*b));
        }
        for group in 0..g.window.groups {
            let out = &mut out[group * filters * places..(group + 1) * filters * places];
            let weight = &weight[group * filters * depth..(group + 1) * filters * depth];
            if g.is_depthwise() {
                for (plane, taps) in out.chunks_mut(places.max(1)).zip(weight.chunks(depth.max(1))) {
                    if bias.is_none() {
                        plane.fill(T::zero());
                    }
                    each_run(
                        g,
                        |row| x.place(image, group, row),
                        |run| {
                            let places = &mut plane[run.place..run.place + run.len];
                            add_pixels(places, &x.data[run.pixel..], stride, taps[run.tap]);
                        },
                    );
                }
                continue;
            }
            let a = (weight, Strided::row_major(0, depth));
            if g.is_pointwise() && x.steps[2] == g.input[1] as isize {
                let b = Strided { offset: x.place(image, group * g.channels, 0), row: x.steps[1], col: 1 };
                let to = (&mut *out, Strided::row_major(0, places));
                T::gemm([filters, depth, places], a, (x.data, b), to, bias.is_some(), Threads::One)?;
                continue;
            }
            g.each_row_block(|rows| {
                g.gather(x, image, group, rows, patches);
                let columns = (rows[1] - rows[0]) * g.output[1];
                let b = (&patches[..], Strided::row_major(0, columns));
                let to = (&mut *out, Strided::row_major(rows[0] * g.output[1], places));
                T::gemm([filters, depth, columns], a, b, to, bias.is_some(), Threads::One)
            })?;
        }
        Ok(())
    })
}

/// The gradient of the input: `output` zeroed, `grad` with planes in one piece.
pub(crate) fn input_gradient<T: Multiply + Float>(
    g: &Geometry,
    grad: &Images<'_, T>,
    weight: &[T],
    output: &mut [T],
) -> Result<()> {
    let (depth, filters, size, stride) = (g.depth(), g.filters, g.channels * g.pixels(), g.window.stride[1]);
    each(output, g.window.groups * size, |patches, image, out| {
        for group in 0..g.window.groups {
            let out = &mut out[group * size..(group + 1) * size];
            let weight = &weight[group * filters * depth..(group + 1) * filters * depth];
            if g.is_depthwise() {
                for (f, taps) in weight.chunks(depth.max(1)).enumerate() {
                    let plane = &grad.data[grad.place(image, group * filters + f, 0)..];
                    each_run(
                        g,
                        |row| row * g.input[1],
                        |run| {
                            let places = &plane[run.place..run.place + run.len];
                            add_places(&mut out[run.pixel..], places, stride, taps[run.tap]);
                        },
                    );
                }
                continue;
            }
            let a = (weight, Strided::row_major(0, depth).t());
            let planes =
                |rows: usize| Strided { offset: grad.place(image, group * filters, rows), row: grad.steps[1], col: 1 };
            if g.is_pointwise() {
                let to = (&mut *out, Strided::row_major(0, g.pixels()));
                T::gemm([depth, filters, g.places()], a, (grad.data, planes(0)), to, false, Threads::One)?;
                continue;
            }
            g.each_row_block(|rows| {
                let columns = (rows[1] - rows[0]) * g.output[1];
                patches.resize(depth * columns, T::zero());
                let to = (&mut patches[..], Strided::row_major(0, columns));
                T::gemm([depth, filters, columns], a, (grad.data, planes(rows[0])), to, false, Threads::One)?;
                g.scatter(patches, rows, out);
                Ok(())
            })?;
        }
        Ok(())
    })
}

/// The gradient of the weight: `output` zeroed, `grad` with planes in one piece. Images are summed up in as many
/// parts as there are threads, and the parts in order.
pub(crate) fn weight_gradient<T: Multiply + Float>(
    g: &Geometry,
    x: &Images<'_, T>,
    grad: &Images<'_, T>,
    output: &mut [T],
) -> Result<()> {
    #[cfg(target_arch = "wasm32")]
    let threads = 1;
    #[cfg(not(target_arch = "wasm32"))]
    let threads = rayon::current_num_threads();
    let share = g.images.div_ceil(threads.max(1)).max(1);
    let parts = g.images.div_ceil(share);
    if parts <= 1 {
        return weight_part(g, x, grad, [0, g.images], &mut Vec::new(), output);
    }
    let mut sums = vec![T::zero(); output.len() * parts];
    each(&mut sums, output.len(), |patches, part, sum| {
        weight_part(g, x, grad, [part * share, ((part + 1) * share).min(g.images)], patches, sum)
    })?;
    for sum in sums.chunks(output.len().max(1)) {
        output.iter_mut().zip(sum).for_each(|(to, x)| *to += *x);
    }
    Ok(())
}

fn weight_part<T: Multiply + Float>(
    g: &Geometry,
    x: &Images<'_, T>,
    grad: &Images<'_, T>,
    images: [usize; 2],
    patches: &mut Vec<T>,
    sum: &mut [T],
) -> Result<()> {
    let (depth, filters, stride) = (g.depth(), g.filters, g.window.stride[1]);
    for (image, group) in (images[0]..images[1]).flat_map(|i| (0..g.window.groups).map(move |group| (i, group))) {
        let sum = &mut sum[group * filters * depth..(group + 1) * filters * depth];
        if g.is_depthwise() {
            for (f, taps) in sum.chunks_mut(depth.max(1)).enumerate() {
                let plane = &grad.data[grad.place(image, group * filters + f, 0)..];
                each_run(
                    g,
                    |row| x.place(image, group, row),
                    |run| {
                        let places = &plane[run.place..run.place + run.len];
                        taps[run.tap] +=
                            x.data[run.pixel..].iter().step_by(stride).zip(places).map(|(x, g)| *x * *g).sum();
                    },
                );
            }
            continue;
        }
        let planes =
            |row: usize| Strided { offset: grad.place(image, group * filters, row), row: grad.steps[1], col: 1 };
        if g.is_pointwise() && x.steps[2] == g.input[1] as isize {
            let b = Strided { offset: x.place(image, group * g.channels, 0), row: x.steps[1], col: 1 }.t();
            let to = (sum, Strided::row_major(0, depth));
            T::gemm([filters, g.places(), depth], (grad.data, planes(0)), (x.data, b), to, true, Threads::One)?;
            continue;
        }
        g.each_row_block(|rows| {
            g.gather(x, image, group, rows, patches);
            let columns = (rows[1] - rows[0]) * g.output[1];
            let b = (&patches[..], Strided::row_major(0, columns).t());
            let to = (&mut *sum, Strided::row_major(0, depth));
            T::gemm([filters, columns, depth], (grad.data, planes(rows[0])), b, to, true, Threads::One)
        })?;
    }
    Ok(())
}

/// A run of places of the output, from `place` on, and the pixels that one tap meets there, from `pixel` on.
struct Run {
    tap: usize,
    place: usize,
    pixel: usize,
    len: usize,
}

/// For a kernel of one channel: every run of every tap. `start` gives the place in memory of a row of the image.
fn each_run(g: &Geometry, start: impl Fn(usize) -> usize, mut f: impl FnMut(Run)) {
    for (kh, oh) in (0..g.kernel[0]).flat_map(|kh| (0..g.output[0]).map(move |oh| (kh, oh))) {
        let Some(row) = g.row(oh, kh) else { continue };
        for kw in 0..g.kernel[1] {
            let (from, to, first) = g.inside(kw);
            if from < to {
                let place = oh * g.output[1] + from;
                f(Run { tap: kh * g.kernel[1] + kw, place, pixel: start(row) + first, len: to - from });
            }
        }
    }
}

/// `places[i] += factor·pixels[i·stride]`.
fn add_pixels<T: Float>(places: &mut [T], pixels: &[T], stride: usize, factor: T) {
    if stride == 1 {
        places.iter_mut().zip(pixels).for_each(|(to, x)| *to += factor * *x);
    } else {
        places.iter_mut().zip(pixels.iter().step_by(stride)).for_each(|(to, x)| *to += factor * *x);
    }
}

/// `pixels[i·stride] += factor·places[i]`.
fn add_places<T: Float>(pixels: &mut [T], places: &[T], stride: usize, factor: T) {
    if stride == 1 {
        pixels.iter_mut().zip(places).for_each(|(to, x)| *to += factor * *x);
    } else {
        pixels.iter_mut().step_by(stride).zip(places).for_each(|(to, x)| *to += factor * *x);
    }
}

//! Reductions on the CPU: the elements of each result as a contiguous run, divided among threads.
//! The module knows layouts, not what is computed from the runs.

use crate::device::Element;
use crate::tensor::{Cursor, Layout, Strides};

use super::split;

/// Number of elements below which waking other threads does not pay.
#[cfg(not(target_arch = "wasm32"))]
const MIN_PARALLEL_WORK: usize = 1 << 16;

/// Applies `f` to each result's index and its elements, in row-major order, of tensors of one
/// layout; returns `planes` numbers for each result, adjacent. Results are divided among threads.
pub(crate) fn map_runs<T: Element, R: Copy + Default + Send, const N: usize>(
    data: [&[T]; N],
    layout: &Layout,
    dims: &[usize],
    planes: usize,
    f: impl Fn(usize, [&[T]; N], &mut [R]) + Sync,
) -> Vec<R> {
    let (kept, reduced) = split(layout, dims);
    let outputs = kept.numel();
    let mut results = vec![R::default(); outputs * planes];
    let runs = Runs::new(kept, &reduced, layout.offset);
    #[cfg(not(target_arch = "wasm32"))]
    if outputs > 1 && outputs * runs.length > MIN_PARALLEL_WORK && rayon::current_num_threads() > 1 {
        use rayon::prelude::*;
        let share = outputs.div_ceil(4 * rayon::current_num_threads());
        let parts = results.par_chunks_mut(share * planes).enumerate();
        parts.for_each(|(i, results)| runs.visit(data, i * share, results, planes, &f));
        return results;
    }
    runs.visit(data, 0, &mut results, planes, &f);
    results
}

/// Layout of the elements of each result.
struct Runs {
    /// First element of each result.
    kept: Layout,
    length: usize,
    /// True if the elements of a result are adjacent.
    contiguous: bool,
    /// Offsets of the runs along the innermost dimension, their length, and the stride within.
    starts: Vec<isize>,
    inner: usize,
    step: isize,
}

impl Runs {
    fn new(kept: Layout, reduced: &Layout, offset: usize) -> Self {
        let (sizes, strides) = reduced.collapse();
        let length = reduced.numel();
        Self {
            kept: Layout { offset, ..kept },
            length,
            contiguous: sizes.is_empty() || sizes.len() == 1 && strides[0] == 1,
            starts: if length == 0 || sizes.is_empty() { Vec::new() } else { run_starts(&sizes, &strides) },
            inner: sizes.last().copied().unwrap_or(1),
            step: strides.last().copied().unwrap_or(1),
        }
    }

    /// Visits results from index `first` on. Contiguous runs are not copied; others are gathered,
    /// neighboring results together so that memory is read in order.
    fn visit<T: Element, R, const N: usize>(
        &self,
        data: [&[T]; N],
        first: usize,
        results: &mut [R],
        planes: usize,
        f: &impl Fn(usize, [&[T]; N], &mut [R]),
    ) {
        /// Maximum number of elements gathered at once, and of results.
        const SCRATCH: usize = 1 << 15;
        const MAX_RESULTS: usize = 32;
        let length = self.length;
        let mut results = results.chunks_exact_mut(planes).enumerate().map(|(i, result)| (first + i, result));
        if length == 0 {
            results.for_each(|(o, result)| f(o, [&[]; N], result));
            return;
        }
        let mut cursor = Cursor::at(&self.kept, first);
        if self.contiguous {
            for (o, result) in results {
                let offset = cursor.next_offset();
                f(o, data.map(|data| &data[offset..offset + length]), result);
            }
            return;
        }
        let most = (SCRATCH / length).clamp(8, MAX_RESULTS);
        let mut scratch = data.map(|_| Vec::<T>::new());
        while results.len() > 0 {
            let (stride, left) = cursor.run();
            let n = if stride == 1 { left.min(most).min(results.len()) } else { 1 };
            let base = cursor.offset() as isize;
            for (scratch, data) in scratch.iter_mut().zip(data) {
                scratch.resize(n * length, T::default());
                self.gather(data, base, n, scratch);
            }
            for (j, (o, result)) in results.by_ref().take(n).enumerate() {
                f(o, std::array::from_fn(|i| &scratch[i][j * length..(j + 1) * length]), result);
            }
            cursor.advance(n);
        }
    }

    /// Gathers the elements of `n` neighboring results, the first of which begins at `base`, into
    /// contiguous runs.
    fn gather<T: Element>(&self, data: &[T], base: isize, n: usize, scratch: &mut [T]) {
        for (i, start) in self.starts.iter().enumerate() {
            let (first, r) = (base + start, i * self.inner);
            if n == 1 && self.step == 1 {
                scratch[r..r + self.inner].copy_from_slice(&data[first as usize..first as usize + self.inner]);
                continue;
            }
            for k in 0..self.inner {
                let offset = (first + k as isize * self.step) as usize;
                for (j, x) in data[offset..offset + n].iter().enumerate() {
                    scratch[j * self.length + r + k] = *x;
                }
            }
        }
    }
}

/// Returns the offsets of the runs along the innermost dimension.
fn run_starts(sizes: &[usize], strides: &Strides) -> Vec<isize> {
    let outer = sizes.len() - 1;
    let mut starts = vec![0];
    for (size, stride) in sizes[..outer].iter().zip(strides) {
        starts = starts.iter().flat_map(|start| (0..*size as isize).map(move |i| start + i * stride)).collect();
    }
    starts
}

/// Sums `f` of every element in several lanes, which the compiler vectorizes.
pub(crate) fn sum_of<T: Element>(run: &[T], f: impl Fn(f64) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let chunks = run.chunks_exact(LANES);
    let rest: f64 = chunks.remainder().iter().map(|x| f(x.to_f64())).sum();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x.to_f64());
        }
    }
    lanes.iter().sum::<f64>() + rest
}

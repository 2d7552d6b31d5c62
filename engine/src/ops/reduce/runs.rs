//! Reductions on the CPU: the elements of each result as a run, side by side, shared out among threads. It knows layouts,
//! not what is made of the runs.

use crate::device::Element;
use crate::tensor::{Cursor, Layout, Strides};

use super::split;

/// Reductions smaller than this are not worth other threads.
#[cfg(not(target_arch = "wasm32"))]
const WORTH_THREADS: usize = 1 << 16;

/// What `f` makes of each result's number and the elements it is made of, in row-major order, of tensors that lie
/// alike: `planes` numbers for each result, side by side. Results are shared out among threads.
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
    if outputs > 1 && outputs * runs.length > WORTH_THREADS && rayon::current_num_threads() > 1 {
        use rayon::prelude::*;
        let share = outputs.div_ceil(4 * rayon::current_num_threads());
        let parts = results.par_chunks_mut(share * planes).enumerate();
        parts.for_each(|(i, results)| runs.visit(data, i * share, results, planes, &f));
        return results;
    }
    runs.visit(data, 0, &mut results, planes, &f);
    results
}

/// How the elements of each result lie.
struct Runs {
    /// The first element of each.
    kept: Layout,
    length: usize,
    /// Whether they lie side by side.
    contiguous: bool,
    /// Where the runs along the innermost dimension start, how long they are, and the step within.
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

    /// Visits results from number `first` on. Runs that lie contiguous are not copied; others are gathered, neighbouring
    /// results together so that memory is read in order.
    fn visit<T: Element, R, const N: usize>(
        &self,
        data: [&[T]; N],
        first: usize,
        results: &mut [R],
        planes: usize,
        f: &impl Fn(usize, [&[T]; N], &mut [R]),
    ) {
        /// Elements gathered at once, and results.
        const SCRATCH: usize = 1 << 15;
        const MOST_RESULTS: usize = 32;
        let length = self.length;
        let mut results = results.chunks_exact_mut(planes).enumerate().map(|(i, result)| (first + i, result));
        if length == 0 {
            results.for_each(|(o, result)| f(o, [&[]; N], result));
            return;
        }
        let mut cursor = Cursor::at(&self.kept, first);
        if self.contiguous {
            for (o, result) in results {
                let place = cursor.next_place();
                f(o, data.map(|data| &data[place..place + length]), result);
            }
            return;
        }
        let most = (SCRATCH / length).clamp(8, MOST_RESULTS);
        let mut scratch = data.map(|_| Vec::<T>::new());
        while results.len() > 0 {
            let (stride, left) = cursor.run();
            let n = if stride == 1 { left.min(most).min(results.len()) } else { 1 };
            let base = cursor.place() as isize;
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

    /// Copies the elements of `n` neighbouring results, the first of which begins at `base`, side by side.
    fn gather<T: Element>(&self, data: &[T], base: isize, n: usize, scratch: &mut [T]) {
        for (i, start) in self.starts.iter().enumerate() {
            let (first, r) = (base + start, i * self.inner);
            if n == 1 && self.step == 1 {
                scratch[r..r + self.inner].copy_from_slice(&data[first as usize..first as usize + self.inner]);
                continue;
            }
            for k in 0..self.inner {
                let place = (first + k as isize * self.step) as usize;
                for (j, x) in data[place..place + n].iter().enumerate() {
                    scratch[j * self.length + r + k] = *x;
                }
            }
        }
    }
}

/// Where the runs along the innermost dimension start.
fn run_starts(sizes: &[usize], strides: &Strides) -> Vec<isize> {
    let outer = sizes.len() - 1;
    let mut starts = vec![0];
    for (size, stride) in sizes[..outer].iter().zip(strides) {
        starts = starts.iter().flat_map(|start| (0..*size as isize).map(move |i| start + i * stride)).collect();
    }
    starts
}

/// `f` of every element, added up in several lanes, which the compiler turns into vectors.
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

//! A large product as several smaller ones, one per thread: each packs its own operands, so that
//! the threads synchronize once. The kernels' own threading synchronizes after packing and again at
//! the end, and packs one of the matrices on one thread. An element is summed in the same order in
//! every part, so the result does not depend on the number of threads.

use rayon::prelude::*;

use crate::{Scalar, Strided};

/// Number of multiply-adds below which waking another thread does not pay.
pub(crate) const MIN_PARALLEL_WORK: usize = 1 << 20;

/// Minimum size of a part, and the multiple of all sizes but the last: the block size of the
/// kernels. Small and narrow matrices take other kernels, which sum in another order, so no part is
/// small or narrow.
const MIN_PART: usize = 128;
const PART_MULTIPLE: usize = 64;
const MIN_SHARED_DIM: usize = 8;

/// Division of a product into parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    count: usize,
    /// Divides columns instead of rows if true.
    columns: bool,
}

impl Parts {
    /// Returns parts for `threads` threads; `None` for a product that is too narrow. The longer
    /// side is divided: every part reads all of the other matrix.
    pub(crate) fn new([m, n]: [usize; 2], threads: usize) -> Option<Self> {
        let (count, columns) = ((m.max(n) / MIN_PART).min(threads), n >= m);
        (count > 1 && m.min(n) >= MIN_SHARED_DIM).then_some(Self { count, columns })
    }

    /// Returns the start of part `i` of `len` rows or columns.
    fn start(&self, i: usize, len: usize) -> usize {
        let even = i * len / self.count;
        if i == self.count { len } else { (even + PART_MULTIPLE / 2) / PART_MULTIPLE * PART_MULTIPLE }
    }

    /// Computes the product, which was checked to fit its slices, on all threads.
    pub(crate) fn run<T: Scalar>(
        self,
        [m, k, n]: [usize; 3],
        (a, a_at): (&[T], Strided),
        (b, b_at): (&[T], Strided),
        (out, out_at): (&mut [T], Strided),
        accumulate: bool,
    ) {
        let out = Shared(out.as_mut_ptr());
        (0..self.count).into_par_iter().for_each(|i| {
            let len = if self.columns { n } else { m };
            let (from, to) = (self.start(i, len), self.start(i + 1, len));
            let sizes = if self.columns { [m, k, to - from] } else { [to - from, k, n] };
            let (row, column) = if self.columns { (0, from) } else { (from, 0) };
            let at = |matrix: Strided, row, column| Strided { offset: matrix.index(row, column), ..matrix };
            let (a_at, b_at, out_at) = (at(a_at, row, 0), at(b_at, 0, column), at(out_at, row, column));
            // SAFETY: see `product`: the whole was checked to fit its slices, so its parts do;
            // parts share no element of the result.
            unsafe {
                crate::product(sizes, (a, a_at), (b, b_at), (out.get(), out_at), accumulate, gemm::Parallelism::None)
            };
        });
    }
}

/// Output of all parts, each to other elements.
struct Shared<T>(*mut T);

// SAFETY: users of the pointer write their own elements only; `T: Send` lets another thread write
// them.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn get(&self) -> *mut T {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{PART_MULTIPLE, Parts};
    use crate::{Strided, Threads, gemm};

    #[test]
    fn parts_cover_the_whole_once() {
        for len in [256, 257, 300, 511, 784, 10_000] {
            for threads in 2..9 {
                let parts = Parts::new([len, 8], threads).unwrap();
                assert!(!parts.columns);
                assert_eq!((parts.start(0, len), parts.start(parts.count, len)), (0, len));
                let sizes = (0..parts.count).map(|i| parts.start(i + 1, len) - parts.start(i, len));
                assert!(sizes.into_iter().all(|size| size > PART_MULTIPLE), "{len} {threads}");
            }
        }
        assert_eq!(Parts::new([7, 10_000], 2), None);
        assert_eq!(Parts::new([255, 255], 2), None);
    }

    #[test]
    fn the_number_of_threads_does_not_show() {
        let some = |len: usize| -> Vec<f32> { (0..len).map(|i| ((i * 37 % 101) as f32 - 50.0) * 0.013).collect() };
        for (m, k, n) in
            [(128, 784, 512), (512, 128, 784), (1500, 1100, 9), (8, 1030, 300), (300, 513, 64), (1, 1200, 1200)]
        {
            let (a, b) = (some(m * k), some(k * n));
            let rows = |cols| Strided::row_major(0, cols);
            for (a_at, b_at) in
                [(rows(k), rows(n)), (rows(k), rows(k).t()), (rows(m).t(), rows(n)), (rows(m).t(), rows(k).t())]
            {
                let product = |threads: usize, accumulate: bool| {
                    let mut out = some(m * n);
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let done = pool.install(|| {
                        gemm([m, k, n], (&a, a_at), (&b, b_at), (&mut out, rows(n)), accumulate, Threads::All)
                    });
                    assert_eq!(done, Ok(()));
                    out
                };
                for accumulate in [false, true] {
                    let one = product(1, accumulate);
                    for threads in [2, 3, 5] {
                        assert!(product(threads, accumulate) == one, "{m} {k} {n}, {threads} threads");
                    }
                }
            }
        }
    }
}

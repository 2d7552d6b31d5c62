//! A large product as several smaller ones, one a thread: each packs what it reads by itself, so that the threads meet
//! once. The kernels' own way has all of them meet after the packing and again at the end, and packs one of the matrices on
//! one thread. An element is summed in the same order whatever part it is in, so the number of threads does not show.

use rayon::prelude::*;

use crate::{Scalar, Strided};

/// Products of fewer multiply-adds take one thread less time than waking another.
pub(crate) const WORTH_THREADS: usize = 1 << 20;

/// Rows or columns of a part at least, and what they are a multiple of but for the last part's: what the kernels take at
/// once. For small matrices the kernels have other ways, which cut sums elsewhere: no part is small, nor narrow.
const FEWEST: usize = 128;
const MULTIPLE: usize = 64;
const NARROW: usize = 8;

/// How a product is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    count: usize,
    /// Whether columns are shared out, not rows.
    columns: bool,
}

impl Parts {
    /// Parts for so many threads; `None` for a product that is too narrow. The longer side is cut: the matrix on the
    /// shorter one is read by every part.
    pub(crate) fn new([m, n]: [usize; 2], threads: usize) -> Option<Self> {
        let (count, columns) = ((m.max(n) / FEWEST).min(threads), n >= m);
        (count > 1 && m.min(n) >= NARROW).then_some(Self { count, columns })
    }

    /// Where part `i` of `len` rows or columns begins.
    fn start(&self, i: usize, len: usize) -> usize {
        let even = i * len / self.count;
        if i == self.count { len } else { (even + MULTIPLE / 2) / MULTIPLE * MULTIPLE }
    }

    /// The product, which was checked to lie within its slices, on all threads.
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
            let at = |matrix: Strided, row, column| Strided { offset: matrix.place(row, column), ..matrix };
            let (a_at, b_at, out_at) = (at(a_at, row, 0), at(b_at, 0, column), at(out_at, row, column));
            // SAFETY: see `product`: the whole was checked to lie within its slices, so its parts do; parts share no
            // element of the result.
            unsafe {
                crate::product(sizes, (a, a_at), (b, b_at), (out.get(), out_at), accumulate, gemm::Parallelism::None)
            };
        });
    }
}

/// Where all parts write, each elsewhere.
struct Shared<T>(*mut T);

// SAFETY: whoever takes the pointer out writes elements of its own only; `T: Send` lets another thread write them.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn get(&self) -> *mut T {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{MULTIPLE, Parts};
    use crate::{Strided, Threads, gemm};

    #[test]
    fn parts_cover_the_whole_once() {
        for len in [256, 257, 300, 511, 784, 10_000] {
            for threads in 2..9 {
                let parts = Parts::new([len, 8], threads).unwrap();
                assert!(!parts.columns);
                assert_eq!((parts.start(0, len), parts.start(parts.count, len)), (0, len));
                let sizes = (0..parts.count).map(|i| parts.start(i + 1, len) - parts.start(i, len));
                assert!(sizes.into_iter().all(|size| size > MULTIPLE), "{len} {threads}");
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

//! Matrix products on the CPU: `out = a·b`, or `out += a·b`, over strided slices. The SIMD kernels
//! are those of the crate [`gemm`](https://docs.rs/gemm), whose interface takes pointers; this crate
//! checks bounds, so that the engine itself contains no unsafe code. It knows nothing of tensors.

#[cfg(target_arch = "wasm32")]
pub mod browser;
#[cfg(not(target_arch = "wasm32"))]
mod parts;
pub mod slide;

use std::fmt;

/// A matrix within a slice: element `(i, j)` is at `offset + i·row + j·col`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strided {
    /// Offset of element `(0, 0)`.
    pub offset: usize,
    /// Stride from one row to the next.
    pub row: isize,
    /// Stride from one column to the next.
    pub col: isize,
}

impl Strided {
    /// Creates a contiguous matrix with `cols` columns from `offset` on.
    pub fn row_major(offset: usize, cols: usize) -> Self {
        Self { offset, row: cols as isize, col: 1 }
    }

    /// Returns the transpose.
    #[must_use]
    pub fn t(self) -> Self {
        Self { row: self.col, col: self.row, ..self }
    }

    /// Returns the index of an element of a matrix that fits.
    fn index(self, i: usize, j: usize) -> usize {
        (self.offset as isize + i as isize * self.row + j as isize * self.col) as usize
    }

    /// Returns `true` if every element of a `rows` × `cols` matrix is within `len` elements.
    fn fits(self, rows: usize, cols: usize, len: usize) -> bool {
        if rows == 0 || cols == 0 {
            return true;
        }
        let reach = |count: usize, step: isize| (count as i128 - 1) * step as i128;
        let (down, right) = (reach(rows, self.row), reach(cols, self.col));
        let first = self.offset as i128 + down.min(0) + right.min(0);
        let last = self.offset as i128 + down.max(0) + right.max(0);
        first >= 0 && last < len as i128 && len <= isize::MAX as usize
    }

    /// Returns `true` if no two elements of a `rows` × `cols` matrix share an index.
    fn is_injective(self, rows: usize, cols: usize) -> bool {
        let (row, col) = (self.row.unsigned_abs() as u128, self.col.unsigned_abs() as u128);
        let (rows, cols) = (rows as u128, cols as u128);
        match (rows > 1, cols > 1) {
            _ if rows == 0 || cols == 0 => true,
            (false, false) => true,
            (true, false) => row > 0,
            (false, true) => col > 0,
            (true, true) => col > 0 && row > col * (cols - 1) || row > 0 && col > row * (rows - 1),
        }
    }
}

/// Threads that a product may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread only.
    One,
    /// All threads of rayon's pool or of the browser; small products stay on the calling thread.
    All,
}

/// Error: a matrix reaches beyond its slice, or elements of a result share memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds(&'static str);

impl fmt::Display for OutOfBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for OutOfBounds {}

#[expect(private_interfaces, reason = "no other crate can call what is sealed")]
mod sealed {
    use pulp::{Arch, Simd};

    #[cfg(target_arch = "wasm32")]
    use crate::Strided;
    use crate::slide::{Adding, Sliding};

    #[cfg(target_arch = "wasm32")]
    type In<'a, T> = (&'a [T], Strided);
    #[cfg(target_arch = "wasm32")]
    type Out<'a, T> = (&'a mut [T], Strided);

    /// Element types of the kernels, and their vectors.
    pub trait Sealed: Copy + Send + Sync + 'static {
        const ZERO: Self;
        const ONE: Self;
        /// True if there are vector kernels for it. A page is downloaded: in a browser only `f32`,
        /// the type of training, has them.
        const FAST: bool;
        /// Computes a·b + c.
        fn sum(a: Self, b: Self, c: Self) -> Self;
        /// Vector of one instruction.
        type V<S: Simd>: Copy;
        fn splat<S: Simd>(simd: S, x: Self) -> Self::V<S>;
        /// Computes a·b + c, rounded once where that is faster.
        fn multiply_add<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S>;
        /// Returns the whole vectors of a slice.
        fn vectors<S: Simd>(data: &[Self]) -> &[Self::V<S>];
        fn vectors_mut<S: Simd>(data: &mut [Self]) -> &mut [Self::V<S>];
        // Instantiated for each type, so that they are compiled in this crate, with its
        // optimization level.
        fn sliding(sliding: Sliding<'_, Self>);
        fn adding(adding: Adding<'_, Self>);
        /// Computes the product by all threads of a browser; returns `false` if it did not. See
        /// `browser`.
        #[cfg(target_arch = "wasm32")]
        fn by_browser(
            sizes: [usize; 3],
            a: In<'_, Self>,
            b: In<'_, Self>,
            out: Out<'_, Self>,
            accumulate: bool,
        ) -> bool;
    }

    macro_rules! sealed {
        ($type:ty, $fast:expr, $vector:ident, $splat:ident, $multiply_add:ident, $vectors:ident, $vectors_mut:ident, $browser:expr) => {
            impl Sealed for $type {
                const ZERO: Self = 0.0;
                const ONE: Self = 1.0;
                const FAST: bool = $fast;

                #[inline(always)]
                fn sum(a: Self, b: Self, c: Self) -> Self {
                    a * b + c
                }

                type V<S: Simd> = S::$vector;

                #[inline(always)]
                fn splat<S: Simd>(simd: S, x: Self) -> Self::V<S> {
                    simd.$splat(x)
                }

                #[inline(always)]
                fn multiply_add<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S> {
                    simd.$multiply_add(a, b, c)
                }

                #[inline(always)]
                fn vectors<S: Simd>(data: &[Self]) -> &[Self::V<S>] {
                    S::$vectors(data).0
                }

                #[inline(always)]
                fn vectors_mut<S: Simd>(data: &mut [Self]) -> &mut [Self::V<S>] {
                    S::$vectors_mut(data).0
                }

                fn sliding(sliding: Sliding<'_, Self>) {
                    if Self::FAST { Arch::new().dispatch(sliding) } else { sliding.plain() }
                }

                fn adding(adding: Adding<'_, Self>) {
                    if Self::FAST { Arch::new().dispatch(adding) } else { adding.plain() }
                }

                #[cfg(target_arch = "wasm32")]
                fn by_browser(
                    sizes: [usize; 3],
                    a: In<'_, Self>,
                    b: In<'_, Self>,
                    out: Out<'_, Self>,
                    accumulate: bool,
                ) -> bool {
                    $browser(sizes, a, b, out, accumulate)
                }
            }
        };
    }

    sealed!(f32, true, f32s, splat_f32s, mul_add_e_f32s, as_simd_f32s, as_mut_simd_f32s, crate::browser::product);
    sealed!(
        f64,
        cfg!(not(target_arch = "wasm32")),
        f64s,
        splat_f64s,
        mul_add_e_f64s,
        as_simd_f64s,
        as_mut_simd_f64s,
        |_, _, _, _, _| false
    );
}

/// Element types of products: `f32` and `f64`.
pub trait Scalar: sealed::Sealed {}

impl Scalar for f32 {}
impl Scalar for f64 {}

/// Computes `out = a·b`, or with `accumulate` `out += a·b`, for a of `m` × `k`, b of `k` × `n` and
/// out of `m` × `n`.
///
/// ```
/// use kindling_gemm::{Strided, Threads, gemm};
/// let a = [1.0f32, 2.0, 3.0, 4.0];
/// let mut out = [0.0f32; 4];
/// let whole = Strided::row_major(0, 2);
/// gemm([2, 2, 2], (&a, whole), (&a, whole.t()), (&mut out, whole), false, Threads::One)?;
/// assert_eq!(out, [5.0, 11.0, 11.0, 25.0]);
/// # Ok::<(), kindling_gemm::OutOfBounds>(())
/// ```
///
/// # Errors
/// A matrix reaches beyond its slice; elements of `out` share memory.
pub fn gemm<T: Scalar>(
    [m, k, n]: [usize; 3],
    (a, a_at): (&[T], Strided),
    (b, b_at): (&[T], Strided),
    (out, out_at): (&mut [T], Strided),
    accumulate: bool,
    threads: Threads,
) -> Result<(), OutOfBounds> {
    if !a_at.fits(m, k, a.len()) {
        return Err(OutOfBounds("the left matrix of a product reaches beyond its slice"));
    }
    if !b_at.fits(k, n, b.len()) {
        return Err(OutOfBounds("the right matrix of a product reaches beyond its slice"));
    }
    if !out_at.fits(m, n, out.len()) {
        return Err(OutOfBounds("the result of a product reaches beyond its slice"));
    }
    if !out_at.is_injective(m, n) {
        return Err(OutOfBounds("elements of the result of a product share memory"));
    }
    if m == 0 || n == 0 || (k == 0 && accumulate) {
        return Ok(());
    }
    if !T::FAST {
        plain([m, k, n], (a, a_at), (b, b_at), (out, out_at), accumulate);
        return Ok(());
    }
    #[cfg(target_arch = "wasm32")]
    if k > 0
        && threads == Threads::All
        && T::by_browser([m, k, n], (a, a_at), (b, b_at), (&mut *out, out_at), accumulate)
    {
        return Ok(());
    }
    #[cfg(not(target_arch = "wasm32"))]
    let parallelism = match threads {
        Threads::All
            if rayon::current_num_threads() > 1 && m.saturating_mul(k).saturating_mul(n) > parts::MIN_PARALLEL_WORK =>
        {
            if let Some(parts) = parts::Parts::new([m, n], rayon::current_num_threads()) {
                parts.run([m, k, n], (a, a_at), (b, b_at), (out, out_at), accumulate);
                return Ok(());
            }
            gemm::Parallelism::Rayon(0)
        }
        _ => gemm::Parallelism::None,
    };
    #[cfg(target_arch = "wasm32")]
    let parallelism = gemm::Parallelism::None;
    // SAFETY: the checks above are those that `product` requires; `out` is borrowed mutably, so it
    // overlaps no operand.
    unsafe { product([m, k, n], (a, a_at), (b, b_at), (out.as_mut_ptr(), out_at), accumulate, parallelism) };
    Ok(())
}

/// Computes the product by the crate `gemm`.
///
/// # Safety
/// Every element of the three matrices is within its slice, that of the result from `out` on; with
/// k = 0 this applies to the result alone. No two elements of the result share an address, no other
/// code accesses them meanwhile, and none is in `a` or `b`.
unsafe fn product<T: Scalar>(
    [m, k, n]: [usize; 3],
    (a, a_at): (&[T], Strided),
    (b, b_at): (&[T], Strided),
    (out, out_at): (*mut T, Strided),
    accumulate: bool,
    parallelism: gemm::Parallelism,
) {
    // With k = 0 an offset may be beyond an empty slice; nothing is read then.
    let (a_offset, b_offset) = if k == 0 { (0, 0) } else { (a_at.offset, b_at.offset) };
    // SAFETY: the kernel reads through `a` and `b` and writes through `out` only elements that the
    // caller vouches for (with k = 0 it reads nothing), and its threads write disjoint memory. `T`
    // is f32 or f64, for which the kernel exists.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.add(out_at.offset),
            out_at.col,
            out_at.row,
            accumulate,
            a.as_ptr().add(a_offset),
            a_at.col,
            a_at.row,
            b.as_ptr().add(b_offset),
            b_at.col,
            b_at.row,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// Runs a loop over slices in this processor's widest vectors. Rust never fuses a product and a
/// sum by itself, so the numbers stay the same. `f` must be inlined, `#[inline(always)] || …`, and
/// so must its callees. A page is compiled for one set of instructions: there it is a plain call.
#[inline(always)]
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "wasm32")]
    return f();
    #[cfg(not(target_arch = "wasm32"))]
    pulp::Arch::new().dispatch(f)
}

/// Computes the product by loops, for types without vector kernels.
fn plain<T: Scalar>(
    [m, k, n]: [usize; 3],
    (a, a_at): (&[T], Strided),
    (b, b_at): (&[T], Strided),
    (out, out_at): (&mut [T], Strided),
    accumulate: bool,
) {
    for i in 0..m {
        for j in 0..n {
            let out = &mut out[out_at.index(i, j)];
            let start = if accumulate { *out } else { T::ZERO };
            *out = (0..k).fold(start, |sum, p| T::sum(a[a_at.index(i, p)], b[b_at.index(p, j)], sum));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Strided, Threads, gemm, plain};

    #[test]
    fn products_of_all_layouts_match_loops() {
        for (m, k, n) in [(1usize, 1usize, 1usize), (3, 5, 2), (17, 9, 33), (2, 0, 3), (0, 4, 2), (64, 70, 65)] {
            let a: Vec<f64> = (0..m * k * 2).map(|i| (i % 7) as f64 - 3.0).collect();
            let b: Vec<f64> = (0..k * n).map(|i| (i % 5) as f64 - 2.0).collect();
            // The left one strided by 2, the right one transposed and read backwards.
            let a_at = Strided { offset: 0, row: 2 * k as isize, col: 2 };
            let b_at = Strided { offset: (k * n).saturating_sub(1), row: -1, col: -(k as isize) };
            for accumulate in [false, true] {
                let mut out = vec![1.0; m * n];
                let all = Strided::row_major(0, n);
                assert_eq!(gemm([m, k, n], (&a, a_at), (&b, b_at), (&mut out, all), accumulate, Threads::All), Ok(()));
                for i in 0..m {
                    for j in 0..n {
                        let at = |p: usize| a[i * 2 * k + 2 * p] * b[k * n - 1 - p - j * k];
                        let want = (0..k).map(at).sum::<f64>() + f64::from(u8::from(accumulate));
                        assert_eq!(out[i * n + j], want, "{m} {k} {n}");
                    }
                }
                let mut slow = vec![1.0; m * n];
                plain([m, k, n], (&a, a_at), (&b, b_at), (&mut slow, all), accumulate);
                assert_eq!(slow, out);
            }
        }
    }

    #[test]
    fn what_reaches_beyond_is_refused() {
        let a = [0.0f32; 6];
        let rows = |offset, row, col| Strided { offset, row, col };
        let mut out = [0.0f32; 4];
        let ok = rows(0, 2, 1);
        let mut try_out = |a_at, b_at, out_at| {
            gemm([2, 3, 2], (&a, a_at), (&a, b_at), (&mut out, out_at), false, Threads::One).is_ok()
        };
        assert!(try_out(rows(0, 3, 1), ok, ok));
        assert!(rows(0, 0, 1).is_injective(3, 0), "nothing shares nothing");
        assert!(!try_out(rows(1, 3, 1), ok, ok));
        assert!(!try_out(rows(0, -3, 1), ok, ok));
        assert!(!try_out(rows(0, isize::MAX, 1), ok, ok));
        assert!(!try_out(rows(0, 3, 1), rows(0, 2, 4), ok));
        assert!(!try_out(rows(0, 3, 1), ok, rows(0, 2, 2)));
        assert!(!try_out(rows(0, 3, 1), ok, rows(0, 0, 1)), "rows on top of each other");
        assert!(!try_out(rows(0, 3, 1), ok, rows(0, 1, 1)), "rows that overlap");
    }
}

//! Products on the CPU: floats by `kindling_gemm`, integers by loops.

use kindling_gemm::{Strided, Threads, gemm};

use crate::device::Element;
use crate::{Error, Result};

/// A matrix in memory: elements and strides.
pub(crate) type Matrix<'a, T> = (&'a [T], Strided);

/// Element types that can be multiplied on the CPU.
pub(crate) trait Multiply: Element {
    /// Computes `out = a·b`, or `out += a·b`; see [`gemm`].
    fn gemm(
        sizes: [usize; 3],
        a: Matrix<'_, Self>,
        b: Matrix<'_, Self>,
        out: (&mut [Self], Strided),
        accumulate: bool,
        threads: Threads,
    ) -> Result<()>;
}

macro_rules! floats {
    ($($type:ty),*) => {$(
        impl Multiply for $type {
            fn gemm(
                sizes: [usize; 3],
                a: Matrix<'_, Self>,
                b: Matrix<'_, Self>,
                out: (&mut [Self], Strided),
                accumulate: bool,
                threads: Threads,
            ) -> Result<()> {
                gemm(sizes, a, b, out, accumulate, threads).map_err(Error::internal)
            }
        }
    )*};
}

floats!(f32, f64);

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Multiply for $type {
            fn gemm(
                [m, k, n]: [usize; 3],
                (a, a_at): Matrix<'_, Self>,
                (b, b_at): Matrix<'_, Self>,
                (out, out_at): (&mut [Self], Strided),
                accumulate: bool,
                _threads: Threads,
            ) -> Result<()> {
                let offset =
                    |at: Strided, i: usize, j: usize| (at.offset as isize + i as isize * at.row + j as isize * at.col) as usize;
                for i in 0..m {
                    for j in 0..n {
                        let term = |p: usize| a[offset(a_at, i, p)].wrapping_mul(b[offset(b_at, p, j)]);
                        let sum = (0..k).map(term).fold(0, Self::wrapping_add);
                        let out = &mut out[offset(out_at, i, j)];
                        *out = if accumulate { out.wrapping_add(sum) } else { sum };
                    }
                }
                Ok(())
            }
        }
    )*};
}

integers!(i32, i64);

/// Computes `out = a·b` for row-major `out`, initialized by the bias of each column if there is
/// one.
pub(crate) fn multiply<T: Multiply>(
    sizes: [usize; 3],
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    bias: Option<Vec<T>>,
    out: &mut [T],
    threads: Threads,
) -> Result<()> {
    let n = sizes[2];
    if let Some(bias) = &bias {
        out.chunks_mut(n.max(1)).for_each(|row| row.copy_from_slice(bias));
    }
    T::gemm(sizes, a, b, (out, Strided::row_major(0, n)), bias.is_some(), threads)
}

/// Computes `out[z] = a·b` with the matrices of batch z at `places[z]`; many small batches run in
/// parallel.
pub(crate) fn multiply_batches<T: Multiply>(
    sizes: [usize; 3],
    (a, a_at): Matrix<'_, T>,
    (b, b_at): Matrix<'_, T>,
    offsets: &[[usize; 2]],
    out: &mut [T],
) -> Result<()> {
    let size = sizes[0] * sizes[2];
    if size == 0 {
        return Ok(());
    }
    let one = |(out, [a_offset, b_offset]): (&mut [T], &[usize; 2]), threads| {
        let (a_at, b_at) = (Strided { offset: *a_offset, ..a_at }, Strided { offset: *b_offset, ..b_at });
        multiply(sizes, (a, a_at), (b, b_at), None, out, threads)
    };
    #[cfg(not(target_arch = "wasm32"))]
    if offsets.len() > 1 && size * sizes[1] * offsets.len() > 1 << 16 {
        use rayon::prelude::*;
        return out.par_chunks_mut(size).zip(offsets).try_for_each(|batch| one(batch, Threads::One));
    }
    out.chunks_mut(size).zip(offsets).try_for_each(|batch| one(batch, Threads::All))
}

//! The other direction of a sliding product: the gradient of its left matrix.

use pulp::{Arch, Simd, WithSimd};

use super::{Positions, lanes, panels};
use crate::{OutOfBounds, Scalar};

/// Gradient of the left matrix: sums over positions of the products of taps and gradients,
/// accumulated by every call of [`Sums::add`].
pub struct Sums<T> {
    rows: usize,
    /// Number of rows, rounded up to whole vectors.
    width: usize,
    /// Sums, a line of `width` for each tap.
    data: Vec<T>,
    /// Gradients, transposed: a line of `width` for each position.
    transposed: Vec<T>,
}

impl<T: Scalar> Sums<T> {
    /// Creates zeros for a left matrix of `rows` × `depth` elements.
    pub fn new(rows: usize, depth: usize) -> Self {
        struct Lanes<T>(std::marker::PhantomData<T>);
        impl<T: Scalar> WithSimd for Lanes<T> {
            type Output = usize;
            #[inline(always)]
            fn with_simd<S: Simd>(self, _simd: S) -> usize {
                lanes::<T, S>()
            }
        }
        let width = rows.next_multiple_of(Arch::new().dispatch(Lanes::<T>(std::marker::PhantomData)));
        Self { rows, width, data: vec![T::ZERO; width * depth], transposed: Vec::new() }
    }

    /// Accumulates `sums[row, t] += Σ_position grads[row][position]·source[taps[t] + position]`;
    /// the rows of `grads` are runs of all positions, row by row.
    ///
    /// # Errors
    /// A tap, a position or a row reaches beyond its slice.
    pub fn add(
        &mut self,
        (source, taps): (&[T], &[usize]),
        positions: Positions,
        grads: &[&[T]],
    ) -> Result<(), OutOfBounds> {
        if positions.reach() == 0 || self.rows == 0 {
            return Ok(());
        }
        positions.check(source, taps)?;
        let count = positions.rows * positions.cols;
        if grads.len() != self.rows
            || grads.iter().any(|run| run.len() < count)
            || taps.len() * self.width != self.data.len()
        {
            return Err(OutOfBounds("the gradients of a sliding product reach beyond their slice"));
        }
        self.transposed.resize(count * self.width, T::ZERO);
        T::adding(Adding { sums: self, source, taps, positions, grads });
        Ok(())
    }

    /// Returns the sum at an element of the matrix.
    pub fn at(&self, row: usize, t: usize) -> T {
        self.data[t * self.width + row]
    }
}

pub(crate) struct Adding<'a, T> {
    sums: &'a mut Sums<T>,
    source: &'a [T],
    taps: &'a [usize],
    positions: Positions,
    grads: &'a [&'a [T]],
}

impl<T: Scalar> WithSimd for Adding<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.transpose();
        let (width, lanes) = (self.sums.width, lanes::<T, S>());
        let mut row = 0;
        while row < width {
            let vectors = if width - row >= 2 * lanes { 2 } else { 1 };
            for (tap, height) in panels(self.taps.len()) {
                match (vectors, height) {
                    (2, 6) => self.tile::<S, 6, 2>(simd, tap, row),
                    (2, 5) => self.tile::<S, 5, 2>(simd, tap, row),
                    (2, 4) => self.tile::<S, 4, 2>(simd, tap, row),
                    (1, 6) => self.tile::<S, 6, 1>(simd, tap, row),
                    (1, 5) => self.tile::<S, 5, 1>(simd, tap, row),
                    (1, 4) => self.tile::<S, 4, 1>(simd, tap, row),
                    (2, _) => (tap..tap + height).for_each(|tap| self.tile::<S, 1, 2>(simd, tap, row)),
                    _ => (tap..tap + height).for_each(|tap| self.tile::<S, 1, 1>(simd, tap, row)),
                }
            }
            row += vectors * lanes;
        }
    }
}

impl<T: Scalar> Adding<'_, T> {
    /// Accumulates by loops, for types without vector kernels.
    pub fn plain(self) {
        let Positions { rows, cols, pitch, .. } = self.positions;
        for (tap, sums) in self.taps.iter().zip(self.sums.data.chunks_exact_mut(self.sums.width)) {
            for (sum, run) in sums.iter_mut().zip(self.grads) {
                for (r, grads) in run[..rows * cols].chunks_exact(cols).enumerate() {
                    let source = &self.source[tap + r * pitch..];
                    *sum = grads.iter().zip(source).fold(*sum, |sum, (grad, x)| T::sum(*grad, *x, sum));
                }
            }
        }
    }

    /// Transposes the gradients, so that those of a position are adjacent.
    #[inline(always)]
    fn transpose(&mut self) {
        const ROWS_PER_BLOCK: usize = 8;
        let count = self.positions.rows * self.positions.cols;
        let width = self.sums.width;
        for (block, grads) in self.grads.chunks(ROWS_PER_BLOCK).enumerate() {
            let first = block * ROWS_PER_BLOCK;
            if let Ok(runs) = <&[&[T]; ROWS_PER_BLOCK]>::try_from(grads) {
                let runs = runs.map(|run| &run[..count]);
                for (i, line) in self.sums.transposed.chunks_exact_mut(width).enumerate() {
                    let line = &mut line[first..first + ROWS_PER_BLOCK];
                    line.iter_mut().zip(&runs).for_each(|(to, run)| *to = run[i]);
                }
                continue;
            }
            for (k, run) in grads.iter().enumerate() {
                let lines = self.sums.transposed.chunks_exact_mut(width);
                lines.zip(*run).for_each(|(line, x)| line[first + k] = *x);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const TAPS: usize, const VECTORS: usize>(&mut self, simd: S, tap: usize, row: usize) {
        let (width, size) = (self.sums.width, VECTORS * lanes::<T, S>());
        let Positions { rows, cols, pitch, .. } = self.positions;
        let offset = |t: usize| (tap + t) * width + row;
        let mut sums = [[T::splat(simd, T::ZERO); VECTORS]; TAPS];
        for (t, sums) in sums.iter_mut().enumerate() {
            sums.copy_from_slice(T::vectors::<S>(&self.sums.data[offset(t)..offset(t) + size]));
        }
        for r in 0..rows {
            let lines: [&[T]; TAPS] = std::array::from_fn(|t| {
                let at = self.taps[tap + t] + r * pitch;
                &self.source[at..at + cols]
            });
            let transposed = &self.sums.transposed[r * cols * width..(r + 1) * cols * width];
            for (c, grads) in transposed.chunks_exact(width).enumerate() {
                let grads = T::vectors::<S>(&grads[row..row + size]);
                for t in 0..TAPS {
                    let factor = T::splat(simd, lines[t][c]);
                    for v in 0..VECTORS {
                        sums[t][v] = T::multiply_add(simd, factor, grads[v], sums[t][v]);
                    }
                }
            }
        }
        for (t, sums) in sums.iter().enumerate() {
            T::vectors_mut::<S>(&mut self.sums.data[offset(t)..offset(t) + size]).copy_from_slice(sums);
        }
    }
}

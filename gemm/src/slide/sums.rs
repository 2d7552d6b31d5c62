//! The other direction of a sliding product: the gradient of its left matrix.

use pulp::{Arch, Simd, WithSimd};

use super::{Places, lanes, panels};
use crate::{OutOfBounds, Scalar};

/// Sums over places of the products of taps and gradients: the gradient of the left matrix, which grows with every
/// call of [`Sums::add`].
pub struct Sums<T> {
    rows: usize,
    /// Rows, rounded up to whole vectors.
    width: usize,
    /// A line of `width` for each tap.
    data: Vec<T>,
    /// The gradients of the places, a line of `width` each.
    turned: Vec<T>,
}

impl<T: Scalar> Sums<T> {
    /// Zeros, for a left matrix of `rows` × `depth` elements.
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
        Self { rows, width, data: vec![T::ZERO; width * depth], turned: Vec::new() }
    }

    /// `sums[row, t] += Σ_place grads[row][place]·source[taps[t] + place]`; the rows of `grads` are runs of all places,
    /// row by row.
    ///
    /// # Errors
    /// Something reaches beyond its slice.
    pub fn add(&mut self, (source, taps): (&[T], &[usize]), places: Places, grads: &[&[T]]) -> Result<(), OutOfBounds> {
        if places.reach() == 0 || self.rows == 0 {
            return Ok(());
        }
        places.check(source, taps)?;
        let count = places.rows * places.cols;
        if grads.len() != self.rows
            || grads.iter().any(|run| run.len() < count)
            || taps.len() * self.width != self.data.len()
        {
            return Err(OutOfBounds("the gradients of a sliding product reach beyond their slice"));
        }
        self.turned.resize(count * self.width, T::ZERO);
        T::adding(Adding { sums: self, source, taps, places, grads });
        Ok(())
    }

    /// The sum at a place of the matrix.
    pub fn at(&self, row: usize, t: usize) -> T {
        self.data[t * self.width + row]
    }
}

pub(crate) struct Adding<'a, T> {
    sums: &'a mut Sums<T>,
    source: &'a [T],
    taps: &'a [usize],
    places: Places,
    grads: &'a [&'a [T]],
}

impl<T: Scalar> WithSimd for Adding<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.turn();
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
    /// The same by loops, for what has no fast code.
    pub fn plain(self) {
        let Places { rows, cols, pitch, .. } = self.places;
        for (tap, sums) in self.taps.iter().zip(self.sums.data.chunks_exact_mut(self.sums.width)) {
            for (sum, run) in sums.iter_mut().zip(self.grads) {
                for (r, grads) in run[..rows * cols].chunks_exact(cols).enumerate() {
                    let source = &self.source[tap + r * pitch..];
                    *sum = grads.iter().zip(source).fold(*sum, |sum, (grad, x)| T::sum(*grad, *x, sum));
                }
            }
        }
    }

    /// Puts the gradients of a place side by side.
    #[inline(always)]
    fn turn(&mut self) {
        const AT_ONCE: usize = 8;
        let count = self.places.rows * self.places.cols;
        let width = self.sums.width;
        for (block, grads) in self.grads.chunks(AT_ONCE).enumerate() {
            let first = block * AT_ONCE;
            if let Ok(runs) = <&[&[T]; AT_ONCE]>::try_from(grads) {
                let runs = runs.map(|run| &run[..count]);
                for (i, line) in self.sums.turned.chunks_exact_mut(width).enumerate() {
                    let line = &mut line[first..first + AT_ONCE];
                    line.iter_mut().zip(&runs).for_each(|(to, run)| *to = run[i]);
                }
                continue;
            }
            for (k, run) in grads.iter().enumerate() {
                let lines = self.sums.turned.chunks_exact_mut(width);
                lines.zip(*run).for_each(|(line, x)| line[first + k] = *x);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const TAPS: usize, const VECTORS: usize>(&mut self, simd: S, tap: usize, row: usize) {
        let (width, size) = (self.sums.width, VECTORS * lanes::<T, S>());
        let Places { rows, cols, pitch, .. } = self.places;
        let place = |t: usize| (tap + t) * width + row;
        let mut sums = [[T::splat(simd, T::ZERO); VECTORS]; TAPS];
        for (t, sums) in sums.iter_mut().enumerate() {
            sums.copy_from_slice(T::vectors::<S>(&self.sums.data[place(t)..place(t) + size]));
        }
        for r in 0..rows {
            let lines: [&[T]; TAPS] = std::array::from_fn(|t| {
                let at = self.taps[tap + t] + r * pitch;
                &self.source[at..at + cols]
            });
            let turned = &self.sums.turned[r * cols * width..(r + 1) * cols * width];
            for (c, grads) in turned.chunks_exact(width).enumerate() {
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
            T::vectors_mut::<S>(&mut self.sums.data[place(t)..place(t) + size]).copy_from_slice(sums);
        }
    }
}

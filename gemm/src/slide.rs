//! Products whose right matrix consists of overlapping runs of one slice, as in convolutions:
//! element `(t, position)` is at `taps[t] + position`. No such matrix is materialized: runs are
//! read directly. The module knows nothing of images.

mod sums;

pub(crate) use sums::Adding;
pub use sums::Sums;

use pulp::{Simd, WithSimd};

use crate::sealed::Sealed;
use crate::{OutOfBounds, Scalar};

/// Maximum number of rows of a block of the result in registers, two vectors each. In wasm a
/// product and its sum are two instructions, and the browser reserves a register or two.
const MAX_ROWS: usize = if cfg!(target_arch = "wasm32") { 5 } else { 6 };

/// Elements that a source must have after the last one used: two of the longest vectors.
pub const SLACK: usize = 64;

/// Positions of the results: `(r, c)` reads its taps from `r·pitch + c` on and is written to
/// `start + r·out_row + c·out_col`.
#[derive(Clone, Copy, Debug)]
pub struct Positions {
    /// Number of rows.
    pub rows: usize,
    /// Number of positions of a row.
    pub cols: usize,
    /// Stride of rows in the source.
    pub pitch: usize,
    /// Index of the first result.
    pub start: usize,
    /// Stride of rows in the output.
    pub out_row: usize,
    /// Stride of positions in the output.
    pub out_col: usize,
}

impl Positions {
    /// Returns one more than the last position in the source; 0 if there is none.
    fn reach(&self) -> usize {
        if self.rows == 0 || self.cols == 0 { 0 } else { (self.rows - 1) * self.pitch + self.cols }
    }

    fn check<T>(&self, source: &[T], taps: &[usize]) -> Result<(), OutOfBounds> {
        let last = taps.iter().max().map_or(0, |tap| tap + self.reach() + SLACK);
        if last > source.len() || self.pitch < self.cols {
            return Err(OutOfBounds("a sliding product reaches beyond its source"));
        }
        Ok(())
    }
}

/// A left matrix, packed in the order of its reads.
pub struct Left<T> {
    rows: usize,
    depth: usize,
    data: Vec<T>,
}

impl<T: Scalar> Left<T> {
    /// Packs a matrix of `rows` × `depth` elements.
    pub fn new(rows: usize, depth: usize, at: impl Fn(usize, usize) -> T) -> Self {
        let mut data = Vec::with_capacity(rows * depth);
        for (first, height) in panels(rows) {
            data.extend(
                (0..depth).flat_map(|t| (first..first + height).map(move |row| (row, t))).map(|(r, t)| at(r, t)),
            );
        }
        Self { rows, depth, data }
    }
}

/// Divides rows into as few and as even panels as registers allow; returns first row and height of
/// each.
fn panels(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(MAX_ROWS).max(1);
    let (height, more) = (rows / count, rows % count);
    (0..count)
        .map(move |i| (i * height + i.min(more), height + usize::from(i < more)))
        .filter(|(_, height)| *height > 0)
}

/// Computes `out[row·plane + position] = bias[row] + Σ_t left[row, t]·source[taps[t] + position]`
/// for all rows and positions.
///
/// # Errors
/// A tap, a position or a row reaches beyond its slice.
pub fn slide<T: Scalar>(
    left: &Left<T>,
    (source, taps): (&[T], &[usize]),
    positions: Positions,
    bias: Option<&[T]>,
    out: &mut [T],
    plane: usize,
) -> Result<(), OutOfBounds> {
    if positions.reach() == 0 || left.rows == 0 {
        return Ok(());
    }
    positions.check(source, taps)?;
    let last = positions.start
        + (left.rows - 1) * plane
        + (positions.rows - 1) * positions.out_row
        + (positions.cols - 1) * positions.out_col;
    if last >= out.len() || taps.len() != left.depth || bias.is_some_and(|bias| bias.len() < left.rows) {
        return Err(OutOfBounds("the result of a sliding product reaches beyond its slice"));
    }
    T::sliding(Sliding { left, source, taps, positions, bias, out, plane });
    Ok(())
}

pub(crate) struct Sliding<'a, T> {
    left: &'a Left<T>,
    source: &'a [T],
    taps: &'a [usize],
    positions: Positions,
    bias: Option<&'a [T]>,
    out: &'a mut [T],
    plane: usize,
}

/// The part of a tile in one row of the output.
#[derive(Clone, Copy, Default)]
struct Piece {
    /// Start in the tile.
    from: usize,
    len: usize,
    /// Start in the output.
    to: usize,
}

impl<T: Scalar> WithSimd for Sliding<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Positions { rows, cols, pitch, .. } = self.positions;
        let width = 2 * lanes::<T, S>();
        let reach = self.positions.reach();
        // Tiles end with each row, or continue over the gap between rows, whichever gives fewer.
        let by_row = rows * cols.div_ceil(width) <= reach.div_ceil(width);
        let (lines, line) = if by_row { (rows, cols) } else { (1, reach) };
        let mut pieces = Vec::with_capacity(width);
        for row in 0..lines {
            for at in (0..line).step_by(width) {
                let first = row * pitch + at;
                self.cut(first, width.min(line - at), &mut pieces);
                let mut data = self.left.data.as_slice();
                for (panel, height) in panels(self.left.rows) {
                    let (part, rest) = data.split_at(height * self.left.depth);
                    data = rest;
                    match height {
                        1 => self.tile::<S, 1>(simd, part, panel, first, &pieces),
                        2 => self.tile::<S, 2>(simd, part, panel, first, &pieces),
                        3 => self.tile::<S, 3>(simd, part, panel, first, &pieces),
                        4 => self.tile::<S, 4>(simd, part, panel, first, &pieces),
                        5 => self.tile::<S, 5>(simd, part, panel, first, &pieces),
                        _ => self.tile::<S, MAX_ROWS>(simd, part, panel, first, &pieces),
                    }
                }
            }
        }
    }
}

impl<T: Scalar> Sliding<'_, T> {
    /// Computes the product by loops, for types without vector kernels.
    pub fn plain(self) {
        let p = self.positions;
        for (panel, height) in panels(self.left.rows) {
            let left = &self.left.data[panel * self.left.depth..];
            for row in 0..height {
                let factors = left.iter().skip(row).step_by(height);
                for (r, c) in (0..p.rows).flat_map(|r| (0..p.cols).map(move |c| (r, c))) {
                    let source = &self.source[r * p.pitch + c..];
                    let start = self.bias.map_or(T::ZERO, |bias| bias[panel + row]);
                    let sum = self.taps.iter().zip(factors.clone());
                    let sum = sum.fold(start, |sum, (tap, factor)| T::sum(*factor, source[*tap], sum));
                    self.out[(panel + row) * self.plane + p.start + r * p.out_row + c * p.out_col] = sum;
                }
            }
        }
    }

    /// Divides the tile of `len` positions from `first` on into pieces.
    #[inline(always)]
    fn cut(&self, first: usize, len: usize, pieces: &mut Vec<Piece>) {
        pieces.clear();
        let p = &self.positions;
        let mut from = 0;
        while from < len {
            let (row, col) = ((first + from) / p.pitch, (first + from) % p.pitch);
            if col < p.cols {
                let n = (p.cols - col).min(len - from);
                pieces.push(Piece { from, len: n, to: p.start + row * p.out_row + col * p.out_col });
                from += n;
            } else {
                from += p.pitch - col;
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize>(&mut self, simd: S, left: &[T], panel: usize, first: usize, pieces: &[Piece]) {
        let width = 2 * lanes::<T, S>();
        // Plain loops of constant length: in wasm closures over arrays are not split into
        // registers.
        let mut low = [T::splat(simd, T::ZERO); ROWS];
        if let Some(bias) = self.bias {
            for (low, bias) in low.iter_mut().zip(&bias[panel..panel + ROWS]) {
                *low = T::splat(simd, *bias);
            }
        }
        let mut high = low;
        let source = &self.source[first..];
        for (left, tap) in left.as_chunks::<ROWS>().0.iter().zip(self.taps) {
            let run = T::vectors::<S>(&source[*tap..*tap + width]);
            let (near, far) = (run[0], run[1]);
            for row in 0..ROWS {
                let factor = T::splat(simd, left[row]);
                low[row] = T::multiply_add(simd, factor, near, low[row]);
                high[row] = T::multiply_add(simd, factor, far, high[row]);
            }
        }
        for row in 0..ROWS {
            let sums = [low[row], high[row]];
            let plane = (panel + row) * self.plane;
            if let [piece] = pieces
                && piece.len == width
                && self.positions.out_col == 1
            {
                let to = plane + piece.to;
                T::vectors_mut::<S>(&mut self.out[to..to + width]).copy_from_slice(&sums);
                continue;
            }
            let mut tile = [T::ZERO; SLACK];
            T::vectors_mut::<S>(&mut tile[..width]).copy_from_slice(&sums);
            for piece in pieces {
                let values = &tile[piece.from..piece.from + piece.len];
                let out = &mut self.out[plane + piece.to..];
                if self.positions.out_col == 1 {
                    out[..piece.len].copy_from_slice(values);
                } else {
                    out.iter_mut().step_by(self.positions.out_col).zip(values).for_each(|(to, x)| *to = *x);
                }
            }
        }
    }
}

/// Returns the number of elements of a vector.
#[inline(always)]
fn lanes<T: Sealed, S: Simd>() -> usize {
    size_of::<T::V<S>>() / size_of::<T>()
}

#[cfg(test)]
mod tests {
    use super::{Left, Positions, SLACK, Sliding, Sums, slide};

    fn numbers(n: usize, factor: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * factor) % 11) as f64 - 5.0).collect()
    }

    #[test]
    fn sliding_products_match_loops() {
        let sizes = [(1, 1, 1, 1), (3, 5, 7, 9), (6, 10, 28, 32), (13, 4, 16, 18), (32, 3, 4, 6), (5, 2, 33, 33)];
        for ((rows, r, c, pitch), depth) in sizes.into_iter().flat_map(|s| [0, 1, 4, 27].map(|d| (s, d))) {
            let taps: Vec<usize> = (0..depth).map(|t| (t * 17) % 40).collect();
            let source = numbers(40 + r * pitch + SLACK, 7);
            let weight = numbers(rows * depth, 3);
            let bias = numbers(rows, 5);
            let left = Left::new(rows, depth, |row, t| weight[row * depth + t]);
            for out_col in [1, 2] {
                let positions = Positions { rows: r, cols: c, pitch, start: 1, out_row: c * out_col + 1, out_col };
                let plane = r * (c * out_col + 1);
                let mut out = vec![99.0; 1 + rows * plane];
                slide(&left, (&source, &taps), positions, Some(&bias), &mut out, plane).unwrap();
                let mut want = vec![99.0; 1 + rows * plane];
                for (row, i, j) in (0..rows).flat_map(|row| (0..r).flat_map(move |i| (0..c).map(move |j| (row, i, j))))
                {
                    let term = |(t, tap): (usize, &usize)| weight[row * depth + t] * source[tap + i * pitch + j];
                    want[1 + row * plane + i * positions.out_row + j * out_col] =
                        bias[row] + taps.iter().enumerate().map(term).sum::<f64>();
                }
                let mut slow = vec![99.0; 1 + rows * plane];
                let (source, taps) = (source.as_slice(), taps.as_slice());
                Sliding { left: &left, source, taps, positions, bias: Some(&bias), out: &mut slow, plane }.plain();
                assert_eq!(slow, want);
                assert_eq!(out, want, "{rows} {r}×{c} pitch {pitch} depth {depth} step {out_col}");
            }
            let grads: Vec<Vec<f64>> = (0..rows).map(|row| numbers(r * c, row + 2)).collect();
            let grads: Vec<&[f64]> = grads.iter().map(Vec::as_slice).collect();
            let positions = Positions { rows: r, cols: c, pitch, start: 0, out_row: c, out_col: 1 };
            let mut sums = Sums::new(rows, depth);
            for _ in 0..2 {
                sums.add((&source, &taps), positions, &grads).unwrap();
            }
            for (row, t) in (0..rows).flat_map(|row| (0..depth).map(move |t| (row, t))) {
                let term = |p: usize| grads[row][p] * source[taps[t] + p / c * pitch + p % c];
                assert_eq!(sums.at(row, t), 2.0 * (0..r * c).map(term).sum::<f64>());
            }
        }
    }

    #[test]
    fn what_reaches_beyond_is_refused() {
        let positions = Positions { rows: 2, cols: 3, pitch: 4, start: 0, out_row: 3, out_col: 1 };
        let left = Left::new(1, 1, |_, _| 1.0f32);
        let source = vec![0.0; 7 + SLACK];
        let mut out = [0.0; 6];
        assert!(slide(&left, (&source, &[0]), positions, None, &mut out, 6).is_ok());
        assert!(slide(&left, (&source, &[1]), positions, None, &mut out, 6).is_err());
        assert!(slide(&left, (&source, &[0]), positions, None, &mut out[..5], 6).is_err());
        assert!(slide(&left, (&source, &[0, 0]), positions, None, &mut out, 6).is_err());
        assert!(Sums::new(1, 1).add((&source, &[0]), positions, &[&out[..5]]).is_err());
    }
}

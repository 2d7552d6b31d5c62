//! `Resize`: images scaled to another size.

use super::{Transform, sizes};
use crate::data::Random;
use crate::device::Array;
use crate::{Error, Result, Tensor};

/// Scales images bilinearly, with torchvision's antialiasing for smaller sizes: every pixel is the
/// mean of those it covers, with weights that decrease linearly. Rows and columns are scaled
/// separately, each by a product with a small matrix.
/// [Resize](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Resize.html)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resize {
    size: [usize; 2],
}

impl Resize {
    /// Creates the transform to this height and width.
    ///
    /// # Errors
    /// A size of 0.
    pub fn new(size: [usize; 2]) -> Result<Self> {
        if size.contains(&0) {
            return Err(Error::value("Resize", format!("sizes must be at least 1, got {size:?}")));
        }
        Ok(Self { size })
    }
}

/// Returns the weights of `from` pixels in each of `to`: `to` rows of `from`.
fn weights(from: usize, to: usize) -> Vec<f32> {
    let ratio = from as f64 / to as f64;
    let reach = ratio.max(1.0);
    let mut all = Vec::with_capacity(from * to);
    for i in 0..to {
        let middle = ratio * (i as f64 + 0.5);
        let row: Vec<f64> = (0..from).map(|j| (1.0 - ((j as f64 + 0.5 - middle) / reach).abs()).max(0.0)).collect();
        let sum: f64 = row.iter().sum();
        all.extend(row.iter().map(|weight| (weight / sum) as f32));
    }
    all
}

impl Transform for Resize {
    fn apply(&self, batch: &Tensor, random: &[Random]) -> Result<Tensor> {
        let [_, _, height, width] = sizes("Resize", batch, random)?;
        let [rows, columns] = self.size;
        if [height, width] == self.size {
            return Ok(batch.clone());
        }
        let matrix =
            |from: usize, to: usize| Tensor::from_array(Array::F32(weights(from, to)), [to, from], &batch.device());
        matrix(height, rows)?.matmul(batch)?.matmul(&matrix(width, columns)?.t()?)
    }

    fn output(&self, _size: [usize; 2]) -> Result<[usize; 2]> {
        Ok(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::weights;

    #[test]
    fn halving_is_the_triangle_filter() {
        // Four to two: the first pixel has its center at 1, and weights 1 − |j + ½ − 1| / 2.
        let got = weights(4, 2);
        let want = [0.75, 0.75, 0.25, 0.0].map(|w: f32| w / 1.75);
        assert!(got[..4].iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?}");
    }

    #[test]
    fn doubling_is_bilinear() {
        let want = [1.0, 0.0, 0.75, 0.25, 0.25, 0.75, 0.0, 1.0];
        assert_eq!(weights(2, 4), want);
    }
}

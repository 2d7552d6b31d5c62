//! Statistics of a data set, for `Normalize`.

use super::dataset::{Dataset, Samples};
use crate::Result;

/// Number of samples read at once.
const CHUNK: usize = 1024;

/// Computes mean and standard deviation of each channel (the first dimension of a sample), with
/// bytes scaled to 0 … 1.
///
/// ```
/// use kindling::data::{Shapes, mean_std};
/// # fn main() -> kindling::Result<()> {
/// let stats = mean_std(&Shapes::new(0).generate(100))?;
/// assert!(stats.len() == 3 && stats.iter().all(|(mean, std)| (0.3..0.7).contains(mean) && (0.1..0.4).contains(std)));
/// # Ok(()) }
/// ```
///
/// # Errors
/// A sample cannot be read.
pub fn mean_std(data: &dyn Dataset) -> Result<Vec<(f64, f64)>> {
    let channels = data.shape().first().copied().unwrap_or(1);
    let plane = data.shape().iter().skip(1).product::<usize>().max(1);
    let mut sums = vec![(0.0f64, 0.0f64); channels];
    let indices: Vec<usize> = (0..data.len()).collect();
    for chunk in indices.chunks(CHUNK) {
        match data.read(chunk)? {
            Samples::Bytes(bytes) => {
                for (i, row) in bytes.chunks_exact(plane).enumerate() {
                    // Exact: 64 bits hold the sum of squares of far larger planes of bytes.
                    let (mut sum, mut squares) = (0u64, 0u64);
                    for byte in row {
                        sum += u64::from(*byte);
                        squares += u64::from(*byte) * u64::from(*byte);
                    }
                    let of_channel = &mut sums[i % channels];
                    of_channel.0 += sum as f64 / 255.0;
                    of_channel.1 += squares as f64 / (255.0 * 255.0);
                }
            }
            Samples::Floats(values) => {
                for (i, row) in values.chunks_exact(plane).enumerate() {
                    let of_channel = &mut sums[i % channels];
                    of_channel.0 += row.iter().map(|x| f64::from(*x)).sum::<f64>();
                    of_channel.1 += row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
                }
            }
        }
    }
    let count = (data.len() * plane).max(1) as f64;
    let figures = |(sum, squares): (f64, f64)| {
        let mean = sum / count;
        (mean, (squares / count - mean * mean).max(0.0).sqrt())
    };
    Ok(sums.into_iter().map(figures).collect())
}

//! Counter-based random numbers: number `i` of a stream is a function of the stream's key and `i`
//! alone. A run that resumes within an epoch, or a thread that reads batch 17 first, draws the same
//! numbers. The generator is that of the tensor operations, without a tensor.

use crate::ops::threefry;

/// A stream of random numbers.
///
/// ```
/// use kindling::data::Random;
/// let stream = Random::new(7).split(3);
/// assert_eq!(stream.word(5), Random::new(7).split(3).word(5));
/// assert!(stream.below(0, 10) < 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random {
    key: [u32; 2],
}

impl Random {
    /// Creates the stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32] }
    }

    /// Derives a stream for `part`: an epoch, a sample, a transform.
    #[must_use]
    pub fn split(self, part: u64) -> Self {
        // Distinct from the stream's own numbers, which are drawn with the key itself.
        let [a, b] = threefry(self.key, [SPLIT; 2]);
        Self { key: threefry([a, b], [part as u32, (part >> 32) as u32]) }
    }

    /// Returns number `i` of the stream: 64 random bits.
    pub fn word(self, i: u64) -> u64 {
        let [low, high] = threefry(self.key, [i as u32, (i >> 32) as u32]);
        u64::from(high) << 32 | u64::from(low)
    }

    /// Returns number `i`, uniform in 0 ≤ x < 1, with 24 bits.
    pub fn unit(self, i: u64) -> f32 {
        (self.word(i) >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Returns number `i`, uniform in `low` ≤ x < `high`.
    pub fn range(self, i: u64, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit(i)
    }

    /// Returns number `i`, uniform among the integers 0 … `n` − 1; 0 if `n` is 0.
    pub fn below(self, i: u64, n: usize) -> usize {
        // High 64 bits of a 128-bit product; the bias is n / 2⁶⁴.
        ((u128::from(self.word(i)) * n as u128) >> 64) as usize
    }

    /// Returns the integers 0 … `n` − 1 in random order.
    pub fn permutation(self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i as u64, i + 1));
        }
        order
    }
}

/// Counter value that no stream draws from.
const SPLIT: u32 = u32::MAX;

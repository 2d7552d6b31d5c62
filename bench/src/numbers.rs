//! Initial numbers of benchmarks: every engine uses the same ones, so that equal losses prove equal
//! work. There are two recipes, one for native programs and one for pages.

/// Recipe of data and parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// Hash of seed and index (splitmix64), as in the native programs.
    Native,
    /// One stream of mulberry32 from seed 1234, as in the pages.
    Web,
}

/// Numbers of one workload, in the order of the requests.
pub(crate) struct Numbers {
    recipe: Recipe,
    /// State of the stream; the hash has none.
    stream: u32,
}

impl Numbers {
    pub fn new(recipe: Recipe) -> Self {
        Self { recipe, stream: 1234 }
    }

    /// Returns `n` numbers of U(−bound, bound). The hash needs a seed, the stream continues.
    pub fn uniform(&mut self, seed: u64, n: usize, bound: f64) -> Vec<f32> {
        match self.recipe {
            Recipe::Native => {
                let unit = |i: usize| hash(seed, i as u64) as f32 * 2f32.powi(-23) - 1.0;
                (0..n).map(|i| unit(i) * bound as f32).collect()
            }
            Recipe::Web => (0..n).map(|_| ((self.next() * 2.0 - 1.0) * bound) as f32).collect(),
        }
    }

    /// Returns `n` classes below 10.
    pub fn classes(&mut self, n: usize) -> Vec<i32> {
        match self.recipe {
            Recipe::Native => (0..n).map(|i| (hash(2, i as u64) % 10) as i32).collect(),
            Recipe::Web => (0..n).map(|_| (self.next() * 10.0) as i32).collect(),
        }
    }

    /// Returns the stream's next number, from 0 up to 1.
    /// [mulberry32](https://github.com/bryc/code/blob/master/jshash/PRNGs.md)
    fn next(&mut self) -> f64 {
        self.stream = self.stream.wrapping_add(0x6d2b_79f5);
        let mut t = self.stream;
        t = (t ^ (t >> 15)).wrapping_mul(t | 1);
        t ^= t.wrapping_add((t ^ (t >> 7)).wrapping_mul(t | 61));
        f64::from(t ^ (t >> 14)) / 4_294_967_296.0
    }
}

/// Returns 24 random bits. [splitmix64](https://prng.di.unimi.it/splitmix64.c)
fn hash(seed: u64, place: u64) -> u64 {
    let mut z = (seed << 32).wrapping_add(place).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) >> 40
}

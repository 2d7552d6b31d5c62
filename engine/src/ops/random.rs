//! Counter-based random numbers: Threefry-2x32-20 (Salmon, Moraes, Dror, Shaw: "Parallel random
//! numbers: as easy as 1, 2, 3", 2011) of a key and an element's index. Elements are independent,
//! so the CPU and the GPU give the same bits in any order. The module knows no tensors.

use std::cell::Cell;

/// Key of one call of a random operation: element i is `threefry(key, [i, 0])`.
pub(crate) type Key = [u32; 2];

/// Source of random numbers: a seed and the number of calls drawn. Each thread has one, set by
/// [`manual_seed`]; a copy of it is its saved state.
///
/// ```
/// use kindling::{Device, Generator, Tensor, block_on, manual_seed};
/// # fn main() -> kindling::Result<()> {
/// manual_seed(7);
/// let saved = Generator::current();
/// let x = Tensor::rand([3], &Device::cpu())?;
/// saved.make_current();
/// let again = Tensor::rand([3], &Device::cpu())?;
/// assert_eq!(block_on(x.to_vec::<f32>())?, block_on(again.to_vec::<f32>())?);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generator {
    /// Seed.
    pub seed: u64,
    /// Number of calls drawn so far.
    pub calls: u64,
}

thread_local! {
    static CURRENT: Cell<Generator> = const { Cell::new(Generator::new(0)) };
}

/// Seeds this thread's random numbers.
/// [torch.manual_seed](https://docs.pytorch.org/docs/stable/generated/torch.manual_seed.html)
pub fn manual_seed(seed: u64) {
    Generator::new(seed).make_current();
}

impl Generator {
    /// Creates a generator from a seed, before the first draw.
    pub const fn new(seed: u64) -> Self {
        Self { seed, calls: 0 }
    }

    /// Returns a copy of this thread's generator.
    pub fn current() -> Self {
        CURRENT.with(Cell::get)
    }

    /// Sets this thread's generator; returns the previous one.
    pub fn make_current(self) -> Self {
        CURRENT.with(|current| current.replace(self))
    }

    /// Runs `f` with this generator instead of the thread's; draws of `f` are counted here.
    pub fn scope<T>(&mut self, f: impl FnOnce() -> T) -> T {
        /// Restores the thread's generator, also when `f` panics.
        struct Restore(Generator);
        impl Drop for Restore {
            fn drop(&mut self) {
                self.0.make_current();
            }
        }
        let _restore = Restore(self.make_current());
        let result = f();
        *self = Self::current();
        result
    }

    /// Returns the key of the next call.
    fn draw(&mut self) -> Key {
        let halves = |x: u64| [x as u32, (x >> 32) as u32];
        let key = threefry(halves(self.seed), halves(self.calls));
        self.calls = self.calls.wrapping_add(1);
        key
    }
}

/// Returns the key of this thread's next call.
pub(crate) fn next_key() -> Key {
    let mut generator = Generator::current();
    let key = generator.draw();
    generator.make_current();
    key
}

/// Computes Threefry with two words and 20 rounds.
pub(crate) fn threefry(key: Key, counter: [u32; 2]) -> [u32; 2] {
    const ROTATIONS: [u32; 8] = [13, 15, 26, 6, 17, 29, 16, 24];
    let keys = [key[0], key[1], 0x1bd1_1bda ^ key[0] ^ key[1]];
    let [mut x, mut y] = [counter[0].wrapping_add(keys[0]), counter[1].wrapping_add(keys[1])];
    for round in 0..20 {
        x = x.wrapping_add(y);
        y = y.rotate_left(ROTATIONS[round % 8]) ^ x;
        if round % 4 == 3 {
            let group = round / 4 + 1;
            x = x.wrapping_add(keys[group % 3]);
            y = y.wrapping_add(keys[(group + 1) % 3]).wrapping_add(group as u32);
        }
    }
    [x, y]
}

/// Returns element `i` of a key's numbers in [0, 1): the upper 24 bits of the first word, as many
/// as an f32 holds.
pub(crate) fn uniform(key: Key, i: usize) -> f32 {
    (word(key, i) >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Returns element `i` of a key's words.
pub(crate) fn word(key: Key, i: usize) -> u32 {
    threefry(key, [i as u32, 0])[0]
}

/// Computes `len` normal numbers of a key, by the Box–Muller transform. The functions are those of
/// the crate `libm`, which gives the same bits everywhere.
pub(crate) fn normals(key: Key, len: usize) -> Vec<f64> {
    let mut out = Vec::with_capacity(len + 1);
    for pair in 0..len.div_ceil(2) {
        let [a, b] = threefry(key, [pair as u32, 1]);
        let radius = libm::sqrt(-2.0 * libm::log((f64::from(a) + 1.0) / 4_294_967_296.0));
        let angle = std::f64::consts::TAU * f64::from(b) / 4_294_967_296.0;
        out.extend([radius * libm::cos(angle), radius * libm::sin(angle)]);
    }
    out.truncate(len);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of the authors, from Random123's `kat_vectors`.
    #[test]
    fn threefry_gives_the_known_answers() {
        assert_eq!(threefry([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
        assert_eq!(threefry([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
        assert_eq!(threefry([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]), [0xc492_3a9c, 0x483d_f7a0]);
    }

    #[test]
    fn a_scope_draws_from_its_own_generator() {
        manual_seed(1);
        let mut own = Generator::new(2);
        let inside = own.scope(next_key);
        assert_eq!(Generator::current(), Generator::new(1));
        assert_eq!(own, Generator { seed: 2, calls: 1 });
        assert_eq!(inside, Generator::new(2).draw());
        assert_ne!(inside, own.draw());
    }
}

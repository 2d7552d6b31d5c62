//! Choice of the kernel for a product, and of the number of parts of its depth. Without a
//! measurement (see `tuner`), one function decides from the sizes and the kind of adapter.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use crate::device::{AdapterKind, Device, Gpu};
use crate::shader;

/// Maximum size of a subgroup whose threads share loads: the narrowest row of threads of those
/// kernels.
const SHARED: u32 = 8;

/// Sizes of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Rows of A and of the result.
    pub m: usize,
    /// Columns of B and of the result.
    pub n: usize,
    /// Columns of A, rows of B.
    pub k: usize,
    /// Number of products.
    pub batches: usize,
}

impl Shape {
    /// Returns the number of multiply-adds.
    pub fn work(&self) -> usize {
        self.m.saturating_mul(self.n).saturating_mul(self.k).saturating_mul(self.batches)
    }

    /// Returns the beginning of the product, with at most `work` multiply-adds, by halving its
    /// largest side.
    pub fn cut(mut self, work: usize) -> Self {
        while self.work() > work {
            let Self { m, n, k, batches } = &mut self;
            match [m, n, k, batches].into_iter().max() {
                Some(largest) if *largest > 1 => *largest = largest.div_ceil(2),
                _ => break,
            }
        }
        self
    }
}

/// A kernel for products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Variant {
    /// One element per thread.
    Thread,
    /// 4 × 4 elements per thread in registers.
    Register4x4,
    /// 8 × 8 elements per thread in registers.
    Register8x8,
    /// 16 × 8 elements per thread in registers.
    Register16x8,
    /// 16 × 4 elements per thread in registers, elements of A shared in a subgroup.
    Subgroup16x4,
    /// 32 × 4 elements per thread in registers, elements of A shared in a subgroup.
    Subgroup32x4,
    /// Tiles of 64 × 64 in workgroup memory.
    Tile64x64,
    /// Tiles of 128 × 64 in workgroup memory.
    Tile128x64,
}

impl Variant {
    /// All variants.
    pub const ALL: [Self; 8] = [
        Self::Thread,
        Self::Register4x4,
        Self::Register8x8,
        Self::Register16x8,
        Self::Subgroup16x4,
        Self::Subgroup32x4,
        Self::Tile64x64,
        Self::Tile128x64,
    ];

    /// Returns the variants worth measuring, possibly one: without workgroup memory where that is
    /// emulated, and with tiles that the product fills. Browsers do not reveal which adapters are
    /// emulated.
    pub(super) fn candidates(gpu: &Gpu, shape: &Shape) -> &'static [Self] {
        use AdapterKind::{Hardware, Software, Unknown};
        match (gpu.kind(), shape.m.min(shape.n)) {
            (_, 0..4) => &[Self::Thread],
            (Software, 4..=8) => &[Self::Register4x4, Self::Register8x8],
            // Larger tiles load less for each sum; where they compute no more, there is nothing to
            // measure.
            (Software, _) if Self::Subgroup32x4.runs(gpu) => match shape.m.next_multiple_of(32) - shape.m {
                0..16 => &[Self::Subgroup32x4],
                _ if shape.m <= 16 => &[Self::Subgroup16x4],
                _ => &[Self::Subgroup16x4, Self::Subgroup32x4],
            },
            (Software, _) => &[Self::Register8x8, Self::Register16x8],
            (Hardware | Unknown, 4..=16) => &[Self::Register4x4, Self::Register8x8, Self::Tile64x64],
            (Hardware, _) => &[Self::Register4x4, Self::Register8x8, Self::Tile64x64, Self::Tile128x64],
            (Unknown, _) => {
                &[Self::Register4x4, Self::Register8x8, Self::Register16x8, Self::Tile64x64, Self::Tile128x64]
            }
        }
    }

    /// Returns `true` if threads of a subgroup share their loads.
    fn shares(self) -> bool {
        matches!(self, Self::Subgroup16x4 | Self::Subgroup32x4)
    }

    /// Returns `true` if a device can run the kernel. With shared loads, a row of threads is at
    /// least a subgroup.
    pub(super) fn runs(self, gpu: &Gpu) -> bool {
        !self.shares() || gpu.subgroup().is_some_and(|size| size <= SHARED)
    }

    /// Returns the kernel that is usually fastest, by adapter and sizes.
    pub(super) fn usual(device: &Device, shape: &Shape) -> Self {
        let plain = choose(is_software(device), shape);
        match (device, shape.m) {
            (Device::Gpu(gpu), 9..) if gpu.kind() == AdapterKind::Software && shape.n > 16 => {
                let shared = if shape.m > 16 { Self::Subgroup32x4 } else { Self::Subgroup16x4 };
                if shared.runs(gpu) { shared } else { plain }
            }
            _ => plain,
        }
    }

    /// Returns the kernel's shader.
    pub(crate) fn wgsl(self) -> &'static [&'static str] {
        match self {
            Self::Thread => shader!("shared/gemm_thread"),
            Self::Register4x4 => shader!("shared/gemm_register_4x4"),
            Self::Register8x8 => shader!("shared/gemm_register_8x8"),
            Self::Register16x8 => shader!("shared/gemm_register_16x8"),
            Self::Subgroup16x4 => shader!("shared/gemm_subgroup_16x4"),
            Self::Subgroup32x4 => shader!("shared/gemm_subgroup_32x4"),
            Self::Tile64x64 => shader!("shared/gemm_tile_64x64"),
            Self::Tile128x64 => shader!("shared/gemm_tile_128x64"),
        }
    }

    /// Returns the elements of the result per thread, down and across.
    fn per_thread(self) -> [usize; 2] {
        match self {
            Self::Thread => [1, 1],
            Self::Register4x4 | Self::Tile64x64 => [4, 4],
            Self::Register8x8 => [8, 8],
            Self::Register16x8 => [16, 8],
            Self::Subgroup16x4 => [16, 4],
            Self::Subgroup32x4 => [32, 4],
            Self::Tile128x64 => [8, 4],
        }
    }

    /// Returns the threads per workgroup, down and across. Without workgroup memory they are
    /// arranged to waste few elements beyond the edges of the result. Threads of a row alternate
    /// over its columns, so those beyond the edge would be computed.
    fn threads(self, shape: &Shape) -> [usize; 2] {
        if matches!(self, Self::Tile64x64 | Self::Tile128x64) {
            return [16, 16];
        }
        let [down, across] = self.per_thread();
        let rows = shape.m.div_ceil(down).next_power_of_two().min(64);
        let padded =
            |[high, wide]: &[usize; 2]| shape.m.next_multiple_of(high * down) * shape.n.next_multiple_of(wide * across);
        // Of those that compute equally little the first of the largest: square ones read the
        // least.
        let layouts = [8, 16, 32, 64, if self.shares() { 8 } else { 4 }].map(|wide| [(64 / wide).min(rows), wide]);
        let fewest = layouts.iter().map(padded).min();
        let best = layouts.into_iter().filter(|layout| Some(padded(layout)) == fewest);
        best.reduce(|a, b| if b[0] * b[1] > a[0] * a[1] { b } else { a }).unwrap_or([8, 8])
    }

    /// Returns values for the kernel's `override`s.
    pub(crate) fn constants(self, shape: &Shape, deep: [bool; 2]) -> Vec<(&'static str, u32)> {
        match self {
            Self::Tile64x64 | Self::Tile128x64 => {
                vec![("a_deep", u32::from(deep[0])), ("b_deep", u32::from(deep[1]))]
            }
            _ => {
                let [high, wide] = self.threads(shape);
                vec![("high", high as u32), ("wide", wide as u32)]
            }
        }
    }

    /// Returns the elements of the result per workgroup, down and across.
    pub(crate) fn tile(self, shape: &Shape) -> [usize; 2] {
        let (threads, each) = (self.threads(shape), self.per_thread());
        [threads[0] * each[0], threads[1] * each[1]]
    }
}

/// A kernel, and the division of the depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Kernel to run.
    pub variant: Variant,
    /// Number of parts of the depth.
    pub splits: usize,
    /// Depth of a part.
    pub chunk: usize,
}

thread_local! {
    static FORCED: Cell<Option<Variant>> = const { Cell::new(None) };
}

/// Forces one kernel for every product planned from now on, on this thread; `None` ends this. For
/// tests and measurements; a kernel that the device cannot run is not used.
pub fn set_variant(variant: Option<Variant>) {
    FORCED.set(variant);
}

impl Plan {
    /// Plans a product on a device. The parts are the same for all kernels: every kernel then adds
    /// the same numbers in the same order, and no measurement changes a result.
    pub fn new(device: &Device, shape: &Shape, variant: Variant) -> Self {
        let software = is_software(device);
        let [high, wide] = choose(software, shape).tile(shape);
        let tiles = shape.m.div_ceil(high) * shape.n.div_ceil(wide) * shape.batches;
        // A hardware adapter needs some hundred workgroups; an emulated one as many as the
        // processor has cores.
        let (enough, shortest) = if software { (8, 256) } else { (256, 128) };
        let most = shape.k / shortest;
        let splits = (enough / tiles.max(1)).min(most).max(1);
        // A multiple of the tiles' depth, so that only the last part has a partial tile.
        let chunk = shape.k.div_ceil(splits).next_multiple_of(16).max(16);
        Self { variant, splits: shape.k.div_ceil(chunk).max(1), chunk }
    }
}

/// Returns the kernel forced by [`set_variant`].
pub(super) fn forced() -> Option<Variant> {
    FORCED.get()
}

fn is_software(device: &Device) -> bool {
    matches!(device, Device::Gpu(gpu) if gpu.kind() == AdapterKind::Software)
}

fn choose(software: bool, shape: &Shape) -> Variant {
    let Shape { m, n, .. } = *shape;
    if m * n <= 64 || m < 4 || n < 4 {
        return Variant::Thread;
    }
    if software {
        return match (m, n) {
            (..=4, _) | (_, ..=32) => Variant::Register4x4,
            (..=15, _) => Variant::Register8x8,
            _ => Variant::Register16x8,
        };
    }
    if m <= 16 || n <= 16 {
        return Variant::Register4x4;
    }
    let tiles = m.div_ceil(128) * n.div_ceil(64) * shape.batches;
    if m % 128 == 0 && tiles >= 256 { Variant::Tile128x64 } else { Variant::Tile64x64 }
}

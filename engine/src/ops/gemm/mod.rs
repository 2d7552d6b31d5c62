//! The family of products: everything of the form `result[z, m, n] = Σ_k A[z, m, k]·B[z, k, n]`.
//! Matrix products read A and B from memory, convolutions gather them from images on the fly. A
//! member supplies the operands (its shader, see `shaders/shared/gemm_common.wgsl`); the family
//! supplies the kernels and chooses among them.

#[cfg(not(target_arch = "wasm32"))]
mod cache;
mod cpu;
mod tuner;
mod variant;

use crate::Result;
use crate::device::gpu::KernelSource;
use crate::device::{DType, Device};
use crate::tensor::{Bind, Launch, Param, Program, groups_1d};
use crate::{Error, shader};

#[cfg(not(target_arch = "wasm32"))]
pub use cache::{recall, tune_as_needed, tuning_ms};
pub(crate) use cpu::{multiply, multiply_batches};
pub use tuner::{Choice, Choices, adopt, choices, tune};
use variant::Plan;
pub(crate) use variant::Shape;
pub use variant::{Variant, set_variant};

/// Runs `$body` with `$T` as the type of `$dtype`, for types that can be multiplied.
macro_rules! products {
    ($dtype:expr, $op:literal, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::DType::I64 => {
                type $T = i64;
                $body
            }
            dtype => $crate::dispatch!(dtype, floats $T => $body,
                Err($crate::Error::dtype($op, format!("{dtype} cannot be multiplied")))),
        }
    };
}

/// A product to be computed on a GPU.
#[derive(Clone)]
pub(crate) struct Gemm {
    /// Name of the operation.
    pub name: &'static str,
    /// Shader that supplies the operands.
    pub wgsl: &'static [&'static str],
    /// Values for its `override`s.
    pub constants: Vec<(&'static str, u32)>,
    /// Element type, f32 or i32.
    pub dtype: DType,
    /// Sizes of the product.
    pub shape: Shape,
    /// True if neighbors in memory of A, and of B, differ in depth rather than in row or column.
    pub deep: [bool; 2],
    /// Storage bindings before the output; the first holds elements of A or B.
    pub operands: Vec<Bind>,
    /// Parameters after those common to all products.
    pub params: Vec<Param>,
    /// Sizes of the operation's operands, in words.
    pub extents: Vec<usize>,
    /// Size of its result, in words.
    pub output: usize,
}

impl Gemm {
    /// Returns the launches.
    ///
    /// # Errors
    /// An element type without products on the GPU; sizes beyond 32 bits.
    pub fn program(self, device: &Device) -> Result<Program> {
        let Shape { m, n, batches, .. } = self.shape;
        if m * n * batches == 0 {
            return Ok(Program::default());
        }
        let variant = match variant::forced() {
            None => tuner::chosen(device, &self)?,
            forced => forced.filter(|variant| matches!(device, Device::Gpu(gpu) if variant.runs(gpu))),
        };
        self.program_by(device, variant.unwrap_or_else(|| Variant::usual(device, &self.shape)))
    }

    /// Returns the launches of one kernel, for a result that is not empty.
    fn program_by(&self, device: &Device, variant: Variant) -> Result<Program> {
        let Shape { m, n, k, batches } = self.shape;
        let count = m * n * batches;
        if u32::try_from(count).is_err() || u32::try_from(k).is_err() {
            return Err(Error::shape(
                self.name,
                format!("{m}×{k} by {k}×{n} has more elements than 32 bits can count"),
            ));
        }
        let element = match self.dtype {
            DType::F32 => shader!("shared/gemm_f32"),
            DType::I32 => shader!("shared/gemm_i32"),
            dtype => return Err(Error::dtype(self.name, format!("{dtype} cannot be multiplied on the GPU"))),
        };
        let plan = Plan::new(device, &self.shape, variant);
        let pieces = [self.wgsl, element, plan.variant.wgsl(), shader!("shared/gemm_parts")].concat();
        let mut source = KernelSource::new(self.name, &pieces);
        source.constants.clone_from(&self.constants);
        for (name, value) in plan.variant.constants(&self.shape, self.deep) {
            source = source.constant(name, value);
        }
        let mut params = [m, n, k, batches, plan.splits, plan.chunk].map(Param::from).to_vec();
        params.extend(self.params.iter().cloned());
        let mut bindings = self.operands.clone();
        bindings.push(if plan.splits > 1 { Bind::Scratch(0) } else { Bind::Output });
        let [high, wide] = plan.variant.tile(&self.shape);
        let tiles = m.div_ceil(high) * n.div_ceil(wide) * batches * plan.splits;
        let product = Launch { source: source.clone(), bindings, params: params.clone(), groups: groups_1d(tiles, 1) };
        if plan.splits == 1 {
            return Ok(Program { launches: vec![product], scratch: Vec::new() });
        }
        let mut bindings = self.operands.clone();
        bindings[0] = Bind::ScratchRead(0);
        bindings.push(Bind::Output);
        let mut parts = KernelSource::new(self.name, &pieces).entry("parts");
        parts.constants.clone_from(&self.constants);
        let parts = Launch { source: parts, bindings, params, groups: groups_1d(count, 64) };
        Ok(Program { launches: vec![product, parts], scratch: vec![count * plan.splits] })
    }
}

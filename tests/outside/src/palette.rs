//! `palette`: rows of a table by index. An operation whose kernels find indices out of range, and
//! report them as the engine's own do.

use std::hash::Hasher;

use kindling::device::gpu::{FaultSite, KernelSource};
use kindling::device::{DType, SliceMut};
use kindling::tensor::{
    Bind, Compute, Function, Kernel, Launch, Op, Param, Program, Saves, Scalars, Spec, View, ViewSpec, Vjp, groups_1d,
    typed_mut,
};
use kindling::{Device, Error, Layout, Result, Tensor};

const NAME: &str = "palette";

/// Number of threads of a workgroup, as in the shader.
const WORKGROUP: usize = 64;

#[derive(Debug)]
struct Palette;

impl Function for Palette {
    fn name(&self) -> &'static str {
        NAME
    }

    fn saves(&self) -> Saves {
        Saves::inputs(&[1])
    }

    /// Adds the gradient of each row to the color that it came from.
    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let chosen = cx.input(1)?.one_hot(Some(cx.shape(0)[0]))?.to_dtype(grad.dtype())?;
        Ok(vec![Some(chosen.t()?.matmul(grad)?), None])
    }
}

impl Op for Palette {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        match operands {
            [colors, indices] if colors.dtype == DType::F32 && indices.dtype == DType::I32 => {
                match (&*colors.shape, &*indices.shape) {
                    ([_, channels], [n]) => Ok(Spec::new([*n, *channels], DType::F32)),
                    _ => Err(Error::shape(NAME, "expects a table of colors and a list of indices")),
                }
            }
            _ => Err(Error::dtype(NAME, "expects f32 colors and i32 indices")),
        }
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for Palette {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        let (colors, indices) = (operands[0].contiguous::<f32>()?, operands[1].contiguous::<i32>()?);
        let (size, channels) = (operands[0].layout.shape[0], operands[0].layout.shape[1]);
        if channels == 0 {
            return Ok(());
        }
        for (row, index) in typed_mut::<f32>(output)?.chunks_exact_mut(channels).zip(indices) {
            let color = usize::try_from(*index).ok().and_then(|index| colors.chunks_exact(channels).nth(index));
            row.copy_from_slice(color.ok_or(Error::Index { op: NAME, index: i64::from(*index), size })?);
        }
        Ok(())
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let n = output.shape.numel();
        if n == 0 {
            return Ok(Program::default());
        }
        let (colors, indices) = (&operands[0].layout, &operands[1].layout);
        let size = colors.shape[0];
        let words = [n, colors.shape[1], size, colors.offset, indices.offset].into_iter().map(Param::from);
        let launch = Launch {
            source: KernelSource::new(NAME, &[include_str!("palette.wgsl"), FaultSite::WGSL]),
            bindings: vec![Bind::Operand(0), Bind::Operand(1), Bind::Output, Bind::Faults],
            params: words.chain([Param::Fault(FaultSite { op: NAME, size })]).collect(),
            groups: groups_1d(n, WORKGROUP),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

/// Returns the rows of `colors` (K×C) with these indices (N), as N×C.
///
/// # Errors
/// Other shapes or types. An index out of range is the error of the next read.
pub fn palette(colors: &Tensor, indices: &Tensor) -> Result<Tensor> {
    Tensor::call(Palette, &[colors, indices])
}

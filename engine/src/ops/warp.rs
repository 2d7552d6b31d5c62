//! `warp`: images of a batch rotated, translated and scaled, each by its own map: torchvision's
//! `affine` with nearest-neighbor interpolation.

use std::hash::{Hash, Hasher};

use crate::device::gpu::KernelSource;
use crate::device::{DType, Device, Float, SliceMut};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor,
    View, ViewSpec, Vjp, groups_1d,
};
use crate::{Error, Result, shader};

const NAME: &str = "warp";

#[derive(Debug, Hash)]
struct Warp {
    /// Height and width of the result.
    size: [usize; 2],
}

impl Function for Warp {
    fn name(&self) -> &'static str {
        NAME
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Err(Error::value(NAME, "has no derivative: it is for images on their way into a network"))
    }
}

impl Op for Warp {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let (input, maps) = (&operands[0], &operands[1]);
        let [n, channels, ..] = *input.shape else {
            return Err(Error::shape(NAME, format!("expected images of shape [N, C, H, W], got {}", input.shape)));
        };
        if input.shape.len() != 4 || !input.dtype.is_float() {
            return Err(Error::shape(NAME, format!("expected float images [N, C, H, W], got {}", input.shape)));
        }
        if *maps.shape != [n, 6] || maps.dtype != DType::F32 {
            let rule = format!("expected maps of shape [{n}, 6] in f32, got {} in {}", maps.shape, maps.dtype);
            return Err(Error::shape(NAME, rule));
        }
        Ok(Spec::new([n, channels, self.size[0], self.size[1]], input.dtype))
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for Warp {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let (input, maps) = (operands[0].contiguous::<T>()?, operands[1].contiguous::<f32>()?);
        let shape = &operands[0].layout.shape;
        let (channels, height, width) = (shape[1], shape[2], shape[3]);
        let [rows, columns] = self.size;
        let inside = |at: f32, size: usize| (at >= 0.0 && at < size as f32).then_some(at as usize);
        for (i, out) in output.iter_mut().enumerate() {
            let (x, y) = ((i % columns) as f32, (i / columns % rows) as f32);
            let (c, n) = (i / (columns * rows) % channels, i / (columns * rows * channels));
            let [a, b, e, d, f, g] = [0, 1, 2, 3, 4, 5].map(|k| maps[n * 6 + k]);
            let column = inside((a * x + b * y + e).round_ties_even(), width);
            let row = inside((d * x + f * y + g).round_ties_even(), height);
            *out = match (row, column) {
                (Some(row), Some(column)) => input[((n * channels + c) * height + row) * width + column],
                _ => T::zero(),
            };
        }
        Ok(())
    }
}

impl Kernel for Warp {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let count = output.shape.numel();
        if count == 0 {
            return Ok(Program::default());
        }
        let shape = &operands[0].layout.shape;
        let words = [count, shape[1], shape[2], shape[3], self.size[0], self.size[1]];
        let offsets = [operands[0].layout.offset, operands[1].layout.offset];
        let launch = Launch {
            source: KernelSource::new(NAME, shader!("warp")),
            bindings: vec![Bind::Operand(0), Bind::Operand(1), Bind::Output],
            params: words.into_iter().chain(offsets).map(Param::from).collect(),
            groups: groups_1d(count, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

impl Tensor {
    /// Applies an affine map to each image (N×C×H×W): `output[n, c, y, x] = input[n, c, v, u]`
    /// where `u = m₀x + m₁y + m₂` and `v = m₃x + m₄y + m₅`, rounded to the nearest pixel (ties to
    /// even), and 0 outside of the image. `maps` is N×6. No gradient flows through.
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::arange(0.0, 4.0, 1.0, &Device::cpu())?.reshape(&[1, 1, 2, 2])?;
    /// let mirror = Tensor::from_slice(&[-1.0f32, 0.0, 1.0, 0.0, 1.0, 0.0], [1, 6], &Device::cpu())?;
    /// assert_eq!(block_on(x.warp(&mirror, [2, 2])?.to_vec::<f32>())?, [1.0, 0.0, 3.0, 2.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Images or maps of another shape or type.
    pub fn warp(&self, maps: &Self, size: [usize; 2]) -> Result<Self> {
        Self::call(Warp { size }, &[self, maps])
    }
}

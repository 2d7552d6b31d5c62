//! `cdist`: distances between two sets of points, as `torch.cdist` with p = 1. An operation with a
//! kernel of its own, defined through Kindling's public contract.

use std::hash::Hasher;

use kindling::device::gpu::KernelSource;
use kindling::device::{Float, SliceMut};
use kindling::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Op, Param, Program, Saves, Scalars, Spec, View, ViewSpec,
    Vjp, groups_1d,
};
use kindling::{Device, Error, Layout, Result, Tensor};

/// Number of threads of a workgroup, as in the shader.
const WORKGROUP: usize = 64;

#[derive(Debug)]
struct Cdist;

impl Function for Cdist {
    fn name(&self) -> &'static str {
        "cdist"
    }

    fn saves(&self) -> Saves {
        Saves::INPUTS
    }

    /// Computes Σⱼ gradᵢⱼ·sign(xᵢ − yⱼ) for x, and the negative of the sum over i for y.
    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let signs = cx.input(0)?.unsqueeze(1)?.sub(&cx.input(1)?.unsqueeze(0)?)?.sign()?;
        let terms = grad.unsqueeze(-1)?.mul(&signs)?;
        let of_x = if cx.needs(0) { Some(terms.sum_dim(&[1], false)?) } else { None };
        let of_y = if cx.needs(1) { Some(terms.sum_dim(&[0], false)?.neg()?) } else { None };
        Ok(vec![of_x, of_y])
    }
}

impl Op for Cdist {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        match operands {
            [x, y] if x.dtype != y.dtype || !x.dtype.is_float() => Err(Error::dtype(
                "cdist",
                format!("expects two tensors of one float type, got {} and {}", x.dtype, y.dtype),
            )),
            [x, y] => match (&*x.shape, &*y.shape) {
                ([rows, depth], [columns, same]) if depth == same => Ok(Spec::new([*rows, *columns], x.dtype)),
                _ => Err(Error::shape("cdist", format!("expects points of one size, got {} and {}", x.shape, y.shape))),
            },
            _ => Err(Error::value("cdist", "expects two tensors")),
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

impl Kernel for Cdist {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let n = output.shape.numel();
        if n == 0 {
            return Ok(Program::default());
        }
        let (x, y) = (&operands[0].layout, &operands[1].layout);
        let params = [n, y.shape[0], x.shape[1], x.offset, y.offset];
        let launch = Launch {
            source: KernelSource::new("cdist", &[include_str!("cdist.wgsl")]),
            bindings: vec![Bind::Operand(0), Bind::Operand(1), Bind::Output],
            params: params.into_iter().map(Param::from).collect(),
            groups: groups_1d(n, WORKGROUP),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }

    /// The shader stores by `epilogue`, so pointwise operations on the distances run in it.
    fn fuses_epilogue(&self) -> bool {
        true
    }
}

impl FloatKernel for Cdist {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let (x, y) = (operands[0].contiguous::<T>()?, operands[1].contiguous::<T>()?);
        let (columns, depth) = (operands[1].layout.shape[0], operands[0].layout.shape[1]);
        for (i, distance) in output.iter_mut().enumerate() {
            let (a, b) = (&x[i / columns * depth..][..depth], &y[i % columns * depth..][..depth]);
            *distance = a.iter().zip(b).map(|(a, b)| (*a - *b).abs()).sum();
        }
        Ok(())
    }
}

/// Returns the L1 distance of each row of `x` (N×D) to each row of `y` (M×D), as N×M.
///
/// # Errors
/// Other shapes or types, or tensors on different devices.
pub fn cdist(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    Tensor::call(Cdist, &[x, y])
}

//! `norm_sums`: Σ g·(x − mean)·rstd and Σ g over some dimensions, in one pass: the gradients of
//! weight and bias of a normalization, in this order, needed by its own gradient. It is part of a
//! derivative without history, and has no derivative itself.

use std::hash::{Hash, Hasher};

use crate::device::{Device, Float, SliceMut};
use crate::ops::reduce::program::Reduction;
use crate::ops::reduce::{Dims, map_runs};
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Layout, Op, Param, Program, Saves, Scalars, Shape, Spec, Tensor,
    View, ViewSpec, Vjp,
};
use crate::{Error, Result, shader};

/// Operands are g and x, and mean and rstd with size 1 in `dims`.
#[derive(Debug)]
struct NormSums {
    dims: Dims,
}

impl Function for NormSums {
    fn name(&self) -> &'static str {
        "norm_sums"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, _grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Err(Error::internal("norm_sums is computed without history"))
    }
}

impl Op for NormSums {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let kept = operands[0].shape.reduce(&self.dims, true);
        Ok(Spec { shape: Shape::new(std::iter::once(2).chain(kept.iter().copied())), dtype: operands[0].dtype })
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.dims.hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for NormSums {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let (g, x) = (&operands[0], &operands[1]);
        let (mean, rstd) = (operands[2].contiguous::<T>()?, operands[3].contiguous::<T>()?);
        let outputs = output.len() / 2;
        // Both have the same layout; the elements of `contiguous` start at offset 0.
        let layout = Layout { offset: 0, ..x.layout.clone() };
        let data = [g.contiguous::<T>()?, x.contiguous::<T>()?];
        let results = map_runs(data, &layout, &self.dims, 2, |o, [g, x], result| {
            let (sum, product) = sums(g, x, mean[o].to_f64());
            result.copy_from_slice(&[product * rstd[o].to_f64(), sum]);
        });
        for (o, result) in results.chunks_exact(2).enumerate() {
            output[o] = T::c(result[0]);
            output[outputs + o] = T::c(result[1]);
        }
        Ok(())
    }
}

/// Computes Σ g and Σ g·(x − center), in several lanes, which the compiler vectorizes.
fn sums<T: Float>(g: &[T], x: &[T], center: f64) -> (f64, f64) {
    const LANES: usize = 8;
    let (mut sums, mut products) = ([0.0; LANES], [0.0; LANES]);
    let (g_lanes, g_rest) = g.as_chunks::<LANES>();
    let (x_lanes, x_rest) = x.as_chunks::<LANES>();
    for (g, x) in g_lanes.iter().zip(x_lanes) {
        for (((sum, product), g), x) in sums.iter_mut().zip(&mut products).zip(g).zip(x) {
            *sum += (*g).to_f64();
            *product += (*g).to_f64() * ((*x).to_f64() - center);
        }
    }
    for (g, x) in g_rest.iter().zip(x_rest) {
        sums[0] += (*g).to_f64();
        products[0] += (*g).to_f64() * ((*x).to_f64() - center);
    }
    (sums.iter().sum(), products.iter().sum())
}

impl Kernel for NormSums {
    fn accepts(&self, index: usize, layout: &Layout) -> bool {
        (layout.offset == 0 || index == 3) && layout.is_contiguous()
    }

    fn writes_every_element(&self) -> bool {
        true
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], _output: &Spec, device: &Device) -> Result<Program> {
        Reduction {
            name: self.name(),
            pieces: shader!("norm_sums").to_vec(),
            operands: &[Bind::Operand(0), Bind::Operand(1), Bind::Operand(2), Bind::Operand(3)],
            layout: &operands[0].layout,
            dims: &self.dims,
            acc_words: 2,
            planes: 2,
            scalar: Param::from(operands[3].layout.offset),
        }
        .program(device)
    }

    fn fuses_epilogue(&self) -> bool {
        true
    }
}

impl Tensor {
    /// Computes Σ grad·(self − mean)·rstd and Σ grad over `dims`, with size 1 there.
    pub(super) fn norm_sums(&self, grad: &Self, mean: &Self, rstd: &Self, dims: &[usize]) -> Result<(Self, Self)> {
        let packed = Self::call(NormSums { dims: Dims::from_slice(dims) }, &[grad, self, mean, rstd])?;
        Ok((packed.select(0, 0)?, packed.select(0, 1)?))
    }
}

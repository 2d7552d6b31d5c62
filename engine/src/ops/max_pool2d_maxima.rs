//! `max_pool2d` of windows that do not overlap: the maxima are computed directly from the images,
//! and the gradient finds them again, so no indices are saved.

use std::hash::Hasher;

use crate::device::gpu::KernelSource;
use crate::device::{Device, Float, SliceMut};
use crate::tensor::{
    Compute, FloatKernel, Function, Kernel, Layout, Op, Program, Saves, Scalars, Spec, Tensor, View, ViewSpec, Vjp,
};
use crate::{Error, Result, shader};

use super::max_pool2d::{Pool, find};
use super::pool::{each_plane, with_size};

/// Maxima of operand 0, or with `backward`, the gradient of the images, operand 1, from that of the
/// maxima, operand 0.
#[derive(Debug)]
struct Maxima {
    pool: Pool,
    backward: bool,
}

impl Function for Maxima {
    fn name(&self) -> &'static str {
        if self.backward { "max_pool2d_backward" } else { "max_pool2d" }
    }

    fn saves(&self) -> Saves {
        if self.backward { Saves::inputs(&[1]) } else { Saves::INPUT }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        if !self.backward {
            return Ok(vec![Some(Tensor::call(Self { backward: true, ..*self }, &[grad, &cx.input(0)?])?)]);
        }
        // Linear in the incoming gradient; the indices do not change with the images.
        let input = cx.input(1)?.detach();
        Ok(vec![Some(self.pool.taken(grad, &input)?), None])
    }
}

impl Op for Maxima {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let size = if self.backward { self.pool.input } else { self.pool.output };
        Ok(Spec::new(with_size(&operands[0].shape, size), operands[0].dtype))
    }

    fn key(&self, state: &mut dyn Hasher) {
        self.pool.key(state);
        state.write_u8(u8::from(self.backward));
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for Maxima {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let (pixels, positions) = (self.pool.pixels(), self.pool.positions());
        let input = operands[usize::from(self.backward)].contiguous::<T>()?;
        let image = |i: usize| &input[i * pixels..(i + 1) * pixels];
        let indices = |i: usize| {
            let mut indices = vec![0; positions];
            find(&self.pool, image(i), &mut indices);
            indices
        };
        if !self.backward {
            return each_plane(output, positions, |i, plane| {
                plane.iter_mut().zip(indices(i)).for_each(|(out, at)| *out = image(i)[at as usize]);
                Ok(())
            });
        }
        let grad = operands[0].contiguous::<T>()?;
        each_plane(output, pixels, |i, plane| {
            let grads = &grad[i * positions..(i + 1) * positions];
            indices(i).into_iter().zip(grads).for_each(|(at, grad)| plane[at as usize] = *grad);
            Ok(())
        })
    }
}

impl Kernel for Maxima {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        self.run_any(operands, output)
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let shader = if self.backward { shader!("max_pool2d_maxima_backward") } else { shader!("max_pool2d_maxima") };
        let threads = if self.backward {
            let cells = self.pool.cells();
            let planes = output.shape.numel().checked_div(self.pool.pixels());
            planes.ok_or_else(|| Error::internal("a pool of empty images"))? * cells[0] * cells[1]
        } else {
            output.shape.numel()
        };
        Ok(self.pool.program(KernelSource::new(self.name(), shader), operands, threads))
    }

    fn fuses_epilogue(&self) -> bool {
        true
    }
}

impl Tensor {
    /// Computes the maxima of windows that do not overlap.
    pub(super) fn max_pool2d_maxima(&self, pool: Pool) -> Result<Self> {
        Self::call(Maxima { pool, backward: false }, &[self])
    }
}

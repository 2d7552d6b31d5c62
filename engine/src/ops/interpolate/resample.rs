//! The operation behind `interpolate`: each element of the result mixes at most two rows and two
//! columns of a plane. It is linear, and its gradient hands each element of the output's gradient
//! back to where it came from.

use std::hash::{Hash, Hasher};

use crate::device::gpu::KernelSource;
use crate::device::{Device, Float, SliceMut};
use crate::ops::pool::{each_plane, with_size};
use crate::shader;
use crate::tensor::{
    Bind, Compute, FloatKernel, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor,
    View, ViewSpec, Vjp, groups_1d,
};
use crate::{Error, Result};

/// Position of an element of the output in the input. The numbers are the shader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sampling {
    /// ⌊j·scale⌋.
    Nearest = 0,
    /// ⌊(j + ½)·scale⌋.
    NearestExact = 1,
    /// max((j + ½)·scale − ½, 0).
    Linear = 2,
    /// j·scale.
    LinearCorners = 3,
}

/// The elements of a side that one element of the output is made of.
#[derive(Clone, Copy)]
struct Tap<T> {
    first: usize,
    second: usize,
    /// Weight of the second; the first has the rest.
    weight: T,
}

impl<T: Float> Tap<T> {
    /// The mix of two elements; one without weight has no influence, not even as NaN.
    fn mix(&self, first: T, second: T) -> T {
        if self.weight == T::zero() { first } else { first * (T::one() - self.weight) + second * self.weight }
    }

    /// The two elements and their weights.
    fn weights(&self) -> [(usize, T); 2] {
        [(self.first, T::one() - self.weight), (self.second, self.weight)]
    }
}

/// Planes sampled at another size, or (`backward`) the gradient of the input for one of the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resample {
    pub sampling: Sampling,
    pub input: [usize; 2],
    pub output: [usize; 2],
    /// Elements of the input from one element of the output to the next.
    pub scale: [f64; 2],
    pub backward: bool,
}

impl Resample {
    fn taps<T: Float>(&self, d: usize) -> Vec<Tap<T>> {
        let (scale, last) = (self.scale[d], self.input[d] - 1);
        let nearest = |position: f32| {
            let first = (position as usize).min(last);
            Tap { first, second: first, weight: T::zero() }
        };
        let linear = |position: f64| {
            let first = (position as usize).min(last);
            let weight = (position - first as f64).clamp(0.0, 1.0);
            Tap { first, second: (first + 1).min(last), weight: T::from_f64(weight) }
        };
        let tap = |j: usize| match self.sampling {
            // PyTorch, too, finds the nearest in single precision.
            Sampling::Nearest => nearest(j as f32 * scale as f32),
            Sampling::NearestExact => nearest((j as f32 + 0.5) * scale as f32),
            Sampling::Linear => linear(((j as f64 + 0.5) * scale - 0.5).max(0.0)),
            Sampling::LinearCorners => linear(j as f64 * scale),
        };
        (0..self.output[d]).map(tap).collect()
    }
}

impl Function for Resample {
    fn name(&self) -> &'static str {
        if self.backward { "interpolate_backward" } else { "interpolate" }
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(Tensor::call(Self { backward: !self.backward, ..*self }, &[grad])?)])
    }
}

impl Op for Resample {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let size = if self.backward { self.input } else { self.output };
        let shape = with_size(&operands[0].shape, size);
        if shape.iter().try_fold(1usize, |n, size| n.checked_mul(*size)).is_none() {
            return Err(Error::shape(self.name(), format!("a result of shape {shape} is too large")));
        }
        Ok(Spec::new(shape, operands[0].dtype))
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        (self.sampling, self.input, self.output, self.scale.map(f64::to_bits), self.backward).hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl FloatKernel for Resample {
    fn run<T: Float>(&self, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
        let data = operands[0].contiguous::<T>()?;
        let ([h, w], [rows, cols]) = (self.input, self.output);
        let (down, across) = (self.taps::<T>(0), self.taps::<T>(1));
        if self.backward {
            return each_plane(output, h * w, |i, plane| {
                plane.fill(T::zero());
                let grads = data[i * rows * cols..(i + 1) * rows * cols].chunks_exact(cols);
                for (line, row) in grads.zip(&down) {
                    for (y, high) in row.weights() {
                        let to = &mut plane[y * w..(y + 1) * w];
                        for (grad, col) in line.iter().zip(&across) {
                            col.weights().into_iter().for_each(|(x, wide)| to[x] += *grad * high * wide);
                        }
                    }
                }
                Ok(())
            });
        }
        each_plane(output, rows * cols, |i, plane| {
            let image = &data[i * h * w..(i + 1) * h * w];
            for (line, row) in plane.chunks_exact_mut(cols).zip(&down) {
                let [upper, lower] = [row.first, row.second].map(|y| &image[y * w..(y + 1) * w]);
                for (to, col) in line.iter_mut().zip(&across) {
                    let mixed = |line: &[T]| col.mix(line[col.first], line[col.second]);
                    *to = row.mix(mixed(upper), mixed(lower));
                }
            }
            Ok(())
        })
    }
}

impl Kernel for Resample {
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
        let count = output.shape.numel();
        if count == 0 {
            return Ok(Program::default());
        }
        let mut params = vec![Param::from(count), Param::from(operands[0].layout.offset)];
        params.extend([self.input, self.output].iter().flatten().map(|n| Param::from(*n)));
        params.extend(self.scale.map(|scale| Param::from(scale as f32)));
        params.push(Param::from(self.sampling as u32));
        let launch = Launch {
            source: KernelSource::new(self.name(), shader!("interpolate")).entry(if self.backward {
                "backward"
            } else {
                "forward"
            }),
            bindings: vec![Bind::Operand(0), Bind::Output],
            params,
            groups: groups_1d(count, 64),
        };
        Ok(Program { launches: vec![launch], scratch: Vec::new() })
    }
}

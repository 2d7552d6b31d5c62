//! `scatter`: elements of a source written at the positions of an index. For equal indices the last
//! one remains.

use std::hash::Hasher;

use crate::device::gpu::{FaultSite, KernelSource};
use crate::device::{Device, Element, SliceMut};
use crate::tensor::{
    Bind, Compute, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor, View, ViewSpec,
    Vjp, groups_1d, typed_mut,
};
use crate::{Result, dispatch, shader};

use super::gather::{Extents, Lookup};

const NAME: &str = "scatter";

#[derive(Debug)]
struct Scatter(Lookup);

impl Function for Scatter {
    fn name(&self) -> &'static str {
        NAME
    }

    fn saves(&self) -> Saves {
        Saves::inputs(&[1])
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let index = cx.input(1)?;
        let dim = self.0.dim as isize;
        let input = match cx.needs(0) {
            true => {
                let zeros = Tensor::zeros(cx.shape(2).clone(), (grad.dtype(), &grad.device()))?;
                Some(grad.scatter(dim, &index, &zeros)?)
            }
            false => None,
        };
        let source = if cx.needs(2) { Some(grad.gather(dim, &index)?) } else { None };
        Ok(vec![input, None, source])
    }
}

impl Op for Scatter {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[0].clone())
    }

    fn key(&self, state: &mut dyn Hasher) {
        self.0.hash(state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for Scatter {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        fn run<T: Element>(lookup: &Lookup, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
            let Extents { size, inner, length, .. } =
                lookup.extents(&operands[0].layout.shape, &operands[1].layout.shape);
            output.copy_from_slice(operands[0].contiguous::<T>()?);
            let (index, source) = (operands[1].contiguous::<i32>()?, operands[2].contiguous::<T>()?);
            for (from, (at, x)) in index.iter().zip(source).enumerate() {
                let (o, i) = (from / (inner * length), from % inner);
                output[(o * size + lookup.resolve(*at, size)?) * inner + i] = *x;
            }
            Ok(())
        }
        dispatch!(output.dtype(), T => run::<T>(&self.0, operands, typed_mut(output)?))
    }

    fn gpu(&self, operands: &[ViewSpec], output: &Spec, _device: &Device) -> Result<Program> {
        let index = &operands[1].layout;
        let Extents { size, inner, length, .. } = self.0.extents(&output.shape, &index.shape);
        let (count, marks) = (output.shape.numel(), index.numel());
        if count == 0 {
            return Ok(Program::default());
        }
        let offsets = [0, 1, 2].map(|i| operands[i].layout.offset);
        let launch = |entry: &'static str, bindings: &[Bind], threads: usize| {
            let mut params: Vec<Param> = [threads, size, inner, length].into_iter().map(Param::from).collect();
            params.extend(offsets.map(Param::from));
            params.push(Param::Fault(FaultSite { op: NAME, size }));
            Launch {
                source: KernelSource::new(NAME, shader!("scatter")).entry(entry),
                bindings: bindings.to_vec(),
                params,
                groups: groups_1d(threads, 64),
            }
        };
        let mut launches = vec![launch("clear", &[Bind::Scratch(0)], count)];
        if marks > 0 {
            launches.push(launch("mark", &[Bind::Operand(1), Bind::Scratch(0), Bind::Faults], marks));
        }
        let read = [Bind::Operand(0), Bind::Operand(2), Bind::ScratchRead(0), Bind::Output];
        launches.push(launch("pick", &read, count));
        Ok(Program { launches, scratch: vec![count] })
    }
}

impl Tensor {
    /// Creates a copy with `src[i, j, k]` written at `[i, index[i, j, k], k]` for `dim` 1, and
    /// likewise for others. For equal indices the last one remains; gradients are correct only for
    /// distinct indices.
    /// [torch.Tensor.scatter](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 0.0, 0.0], &cpu)?;
    /// let index = Tensor::from_nested(&[2_i32, 0], &cpu)?;
    /// let src = Tensor::from_nested(&[1.0_f32, 2.0], &cpu)?;
    /// assert_eq!(x.scatter(0, &index, &src)?.to_string(), "tensor([2., 0., 1.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::scatter_add`].
    pub fn scatter(&self, dim: isize, index: &Self, src: &Self) -> Result<Self> {
        self.scattered(NAME, dim, index, src, |part, dim, index, src| {
            Self::call(Scatter(Lookup::new(NAME, dim, false)), &[part, index, src])
        })
    }
}

//! `as_strided_scatter`: a copy of a tensor with the elements of a layout replaced. It is the
//! gradient of every slice, and implements changes in place through a view.

use std::hash::{Hash, Hasher};

use crate::device::gpu::KernelSource;
use crate::device::{Device, Element, SliceMut};
use crate::tensor::{
    AsStrided, Bind, Compute, Function, Kernel, Launch, Layout, Op, Param, Program, Saves, Scalars, Spec, Tensor, View,
    ViewSpec, Vjp, groups_1d, typed_mut,
};
use crate::{Error, Result, dispatch, shader};

/// Maximum number of dimensions in the shader, after merging neighbors.
const MAX_DIMS: usize = 8;

#[derive(Debug)]
struct AsStridedScatter {
    /// Layout of the source's elements in the contiguous input.
    layout: Layout,
}

impl Function for AsStridedScatter {
    fn name(&self) -> &'static str {
        "as_strided_scatter"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let input = match cx.needs(0) {
            true => {
                let zeros = Tensor::zeros(cx.shape(1).clone(), (grad.dtype(), &grad.device()))?;
                Some(grad.as_strided_scatter(&zeros, &self.layout)?)
            }
            false => None,
        };
        let source = match cx.needs(1) {
            true => {
                let grad = grad.contiguous()?;
                Some(grad.view_as_function(AsStrided::new(self.layout.clone()), grad.layout().through(&self.layout)))
            }
            false => None,
        };
        Ok(vec![input, source])
    }
}

impl Op for AsStridedScatter {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let (input, source) = (&operands[0], &operands[1]);
        if source.shape != self.layout.shape || source.dtype != input.dtype {
            let rule = format!(
                "expected a source of shape {} and type {}, got {} of {}",
                self.layout.shape, input.dtype, source.shape, source.dtype
            );
            return Err(Error::shape(self.name(), rule));
        }
        Ok(input.clone())
    }

    fn key(&self, mut state: &mut dyn Hasher) {
        self.layout.hash(&mut state);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Kernel(self)
    }
}

impl Kernel for AsStridedScatter {
    fn accepts(&self, _index: usize, layout: &Layout) -> bool {
        layout.is_contiguous()
    }

    fn cpu(&self, operands: &[View<'_>], output: SliceMut<'_>) -> Result<()> {
        fn run<T: Element>(layout: &Layout, operands: &[View<'_>], output: &mut [T]) -> Result<()> {
            output.copy_from_slice(operands[0].contiguous::<T>()?);
            let mut source = operands[1].contiguous::<T>()?.iter();
            layout.for_each(|offset| {
                if let Some(x) = source.next() {
                    output[offset] = *x;
                }
            });
            Ok(())
        }
        dispatch!(output.dtype(), T => run::<T>(&self.layout, operands, typed_mut(output)?))
    }

    fn gpu(&self, operands: &[ViewSpec], _output: &Spec, _device: &Device) -> Result<Program> {
        let (sizes, strides) = self.layout.collapse();
        if sizes.len() > MAX_DIMS {
            return Err(Error::shape(self.name(), format!("more than {MAX_DIMS} dimensions: {}", self.layout.shape)));
        }
        let len = operands[0].layout.numel();
        let copy = Launch {
            source: KernelSource::new("as_strided_scatter", shader!("as_strided_scatter")).entry("copy"),
            bindings: vec![Bind::Operand(0), Bind::Output],
            params: params(len, &[], &[], [0, operands[0].layout.offset]),
            groups: groups_1d(len, 64),
        };
        let written = self.layout.numel();
        let scatter = Launch {
            source: KernelSource::new("as_strided_scatter", shader!("as_strided_scatter")).entry("scatter"),
            bindings: vec![Bind::Operand(1), Bind::Output],
            params: params(written, &sizes, &strides, [self.layout.offset, operands[1].layout.offset]),
            groups: groups_1d(written, 64),
        };
        let launches = [(len, copy), (written, scatter)].into_iter().filter(|(n, _)| *n > 0).map(|(_, launch)| launch);
        Ok(Program { launches: launches.collect(), scratch: Vec::new() })
    }
}

/// Returns the shader's `Params`: offsets of output and input, then sizes and strides innermost
/// first.
fn params(numel: usize, sizes: &[usize], strides: &[isize], offsets: [usize; 2]) -> Vec<Param> {
    let inner = |i: usize| sizes.len().checked_sub(i + 1);
    let mut params = vec![Param::from(numel), Param::from(sizes.len())];
    params.extend(offsets.map(Param::from));
    params.extend((0..MAX_DIMS).map(|i| inner(i).map_or(Param::Word(1), |d| Param::from(sizes[d]))));
    params.extend((0..MAX_DIMS).map(|i| inner(i).map_or(Param::Word(0), |d| Param::from(strides[d]))));
    params
}

impl Tensor {
    /// Returns a copy of `self` in which the elements of `layout`, over the contiguous elements,
    /// are replaced by those of `source`.
    /// [torch.as_strided_scatter](https://docs.pytorch.org/docs/stable/generated/torch.as_strided_scatter.html)
    pub(crate) fn as_strided_scatter(&self, source: &Self, layout: &Layout) -> Result<Self> {
        Self::call(AsStridedScatter { layout: layout.clone() }, &[self, source])
    }
}

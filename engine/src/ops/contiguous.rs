//! `contiguous` and `clone`: the elements copied into row-major order.

use std::hash::Hasher;

use smallvec::smallvec;

use crate::device::{DType, Slice, SliceMut};
use crate::tensor::{Compute, Function, Op, Pointwise, Saves, Scalars, Spec, Tensor, Vjp, WgslFn, typed, typed_mut};
use crate::{Result, dispatch};

#[derive(Debug)]
struct Copy {
    name: &'static str,
}

impl Function for Copy {
    fn name(&self) -> &'static str {
        self.name
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(grad.clone())])
    }
}

impl Op for Copy {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[0].clone())
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for Copy {
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: smallvec![crate::shader!("clone")],
            name: format!("clone_forward_{}", operands[0]),
            scalars: smallvec![],
            takes_index: false,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        dispatch!(output.dtype(), T => typed_mut::<T>(output)?.copy_from_slice(typed(operands[0])?));
        Ok(())
    }
}

impl Tensor {
    /// Itself if its elements lie in row-major order without gaps, else a copy that does.
    /// [torch.Tensor.contiguous](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.contiguous.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn contiguous(&self) -> Result<Self> {
        if self.is_contiguous() {
            return Ok(self.clone());
        }
        Self::apply(Copy { name: "contiguous" }, &[self])
    }

    /// A copy, through which gradients flow. (`clone()` in Rust gives another handle to the same tensor.)
    /// [torch.clone](https://docs.pytorch.org/docs/stable/generated/torch.clone.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn copy(&self) -> Result<Self> {
        Self::apply(Copy { name: "clone" }, &[self])
    }
}

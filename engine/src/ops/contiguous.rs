//! `contiguous` and `clone`: the elements copied into row-major order; and what rearranging operations have in
//! common: a copy through a layout.

use std::hash::Hasher;
use std::rc::Rc;

use smallvec::smallvec;

use crate::device::{DType, Slice, SliceMut};
use crate::tensor::{
    Compute, Function, Layout, Op, Pointwise, Saves, Scalars, Shape, Spec, Tensor, Vjp, WgslFn, no_grad, typed,
    typed_mut,
};
use crate::{Result, dispatch};

#[derive(Debug)]
struct Copy {
    name: &'static str,
    /// The shape of the copy, where it is not the input's.
    shape: Option<Shape>,
}

impl Function for Copy {
    fn name(&self) -> &'static str {
        self.name
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(grad.reshape_to(cx.shape(0))?)])
    }
}

impl Op for Copy {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        let shape = self.shape.clone().unwrap_or_else(|| operands[0].shape.clone());
        Ok(Spec { shape, dtype: operands[0].dtype })
    }

    // The shape of the result shows in what reads it, its length in the operand's layout.
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
        Self::apply(Copy { name: "contiguous", shape: None }, &[self])
    }

    /// A copy, through which gradients flow. (`clone()` in Rust gives another handle to the same tensor.)
    /// [torch.clone](https://docs.pytorch.org/docs/stable/generated/torch.clone.html)
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn copy(&self) -> Result<Self> {
        Self::apply(Copy { name: "clone", shape: None }, &[self])
    }

    /// A copy of what `layout`, over this tensor's storage, visits, as the result of `function` with the given
    /// shape: how `flip` and `repeat` are made. The copy melts into whatever reads it.
    pub(crate) fn copy_through(&self, function: impl Function, layout: Layout, shape: Shape) -> Result<Self> {
        let copy = Copy { name: function.name(), shape: Some(shape) };
        let output = no_grad(|| Self::apply(copy, &[&self.view_through(layout)]))?;
        output.remember(Rc::new(function), &[self]);
        Ok(output)
    }
}

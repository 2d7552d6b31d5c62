//! `contiguous` and `clone`: copies in row-major order; and the basis of rearranging operations: a
//! copy through a layout.

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
    /// Shape of the copy if it is not the input's.
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

    // The shape of the result is in the key of its readers, its length in that of the operand's
    // layout.
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
            pieces: crate::shader!("clone").into(),
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
    /// Returns the tensor itself if its elements are in row-major order without gaps, else a
    /// contiguous copy.
    /// [torch.Tensor.contiguous](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.contiguous.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?.t()?;
    /// assert!(!x.is_contiguous() && x.contiguous()?.is_contiguous());
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn contiguous(&self) -> Result<Self> {
        if self.is_contiguous() {
            return Ok(self.clone());
        }
        Self::call(Copy { name: "contiguous", shape: None }, &[self])
    }

    /// Creates a copy, through which gradients flow. (`clone()` in Rust returns another handle to
    /// the same tensor.)
    /// [torch.clone](https://docs.pytorch.org/docs/stable/generated/torch.clone.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::zeros([2], &cpu)?;
    /// x.copy()?.fill_(1.0)?;
    /// assert_eq!(x.to_string(), "tensor([0., 0.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn copy(&self) -> Result<Self> {
        Self::call(Copy { name: "clone", shape: None }, &[self])
    }

    /// Creates a copy of the elements of `layout`, over this tensor's storage, as the result of
    /// `function` with the given shape: the basis of `flip` and `repeat`. The copy is fused into
    /// its consumer.
    pub(crate) fn copy_through(&self, function: impl Function, layout: Layout, shape: Shape) -> Result<Self> {
        let copy = Copy { name: function.name(), shape: Some(shape) };
        let output = no_grad(|| Self::call(copy, &[&self.view_through(layout)]))?;
        output.record_grad_fn(Rc::new(function), &[self]);
        Ok(output)
    }
}

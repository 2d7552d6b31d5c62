//! `where`: one of two elements, by a condition, with broadcasting. (`where` is a keyword of Rust,
//! hence `where_`.)

use std::hash::Hasher;

use kindling_gemm::vectorized;
use smallvec::smallvec;

use crate::device::{DType, Element, Slice, SliceMut};
use crate::tensor::{Compute, Function, Op, Pointwise, Saves, Scalars, Spec, Tensor, Vjp, WgslFn, typed, typed_mut};
use crate::{Error, Result, dispatch};

#[derive(Debug)]
struct Where;

impl Function for Where {
    fn name(&self) -> &'static str {
        "where"
    }

    fn saves(&self) -> Saves {
        Saves::inputs(&[0])
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let condition = cx.input(0)?;
        let zeros = grad.zeros_like()?;
        let input = if cx.needs(1) { Some(condition.where_(grad, &zeros)?) } else { None };
        let other = if cx.needs(2) { Some(condition.where_(&zeros, grad)?) } else { None };
        Ok(vec![None, input, other])
    }
}

impl Op for Where {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[1].clone())
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for Where {
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: crate::shader!("where_").into(),
            name: format!("where_forward_{}", operands[1]),
            scalars: smallvec![],
            takes_index: false,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        fn pick<T: Element>(condition: &[bool], input: &[T], other: &[T], output: &mut [T]) {
            let inputs = condition.iter().zip(input.iter().zip(other));
            let each = output.iter_mut().zip(inputs);
            vectorized(
                #[inline(always)]
                || each.for_each(|(z, (c, (x, y)))| *z = if *c { *x } else { *y }),
            );
        }
        let condition = typed::<bool>(operands[0])?;
        dispatch!(output.dtype(), T => {
            pick(condition, typed::<T>(operands[1])?, typed::<T>(operands[2])?, typed_mut::<T>(output)?);
        });
        Ok(())
    }
}

impl Tensor {
    /// Selects `input` where this condition is true, else `other`, element by element, with
    /// broadcasting and type promotion. Elements not selected have no influence, not even as NaN,
    /// and a gradient of 0.
    /// [torch.where](https://docs.pytorch.org/docs/stable/generated/torch.where.html)
    ///
    /// ```
    /// # use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[-1.0f32, 2.0, 3.0], [3], &Device::cpu())?;
    /// let y = x.gt_scalar(0.0)?.where_(&x, &x.mul_scalar(10.0)?)?;
    /// assert_eq!(block_on(y.to_vec::<f32>())?, [-10.0, 2.0, 3.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The condition is not bool; the shapes cannot be broadcast; the tensors are on different
    /// devices.
    pub fn where_(&self, input: &Self, other: &Self) -> Result<Self> {
        if self.dtype() != DType::Bool {
            let rule = format!("the condition must be bool, is {}; compare it to something first", self.dtype());
            return Err(Error::dtype("where", rule));
        }
        let (input, other) = input.promoted(other)?;
        let [condition, input, other] = Self::broadcast([self, &input, &other], "where")?;
        Self::call(Where, &[&condition, &input, &other])
    }
}

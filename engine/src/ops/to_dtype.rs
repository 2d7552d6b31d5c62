//! `to_dtype`: conversion to another type. Floats are truncated toward zero, integers wrap, bool is
//! `x != 0`.

use std::hash::Hasher;

use smallvec::smallvec;

use crate::device::{DType, Element, Slice, SliceMut};
use crate::tensor::{Compute, Function, Op, Pointwise, Saves, Scalars, Spec, Tensor, Vjp, WgslFn, typed, typed_mut};
use crate::{Result, dispatch};

#[derive(Debug)]
struct ToDType {
    from: DType,
    to: DType,
}

impl Function for ToDType {
    fn name(&self) -> &'static str {
        "to_dtype"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let floats = self.from.is_float() && self.to.is_float();
        Ok(vec![if floats { Some(grad.to_dtype(self.from)?) } else { None }])
    }
}

impl Op for ToDType {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(Spec { dtype: self.to, ..operands[0].clone() })
    }

    fn key(&self, state: &mut dyn Hasher) {
        state.write_u8(self.to as u8);
    }

    fn scalars(&self) -> Scalars {
        Scalars::new()
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for ToDType {
    fn wgsl(&self, operands: &[DType]) -> Result<WgslFn> {
        let words = self.from == DType::I64 || self.to == DType::I64;
        let pieces = if words { crate::shader!("to_dtype_i64") } else { crate::shader!("to_dtype") };
        Ok(WgslFn {
            pieces: pieces.into(),
            name: format!("to_dtype_{}_{}", operands[0], self.to),
            scalars: smallvec![],
            takes_index: false,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], _first: usize, output: SliceMut<'_>) -> Result<()> {
        fn convert<A: Element, B: Element>(from: &[A], to: &mut [B]) {
            let pairs = to.iter_mut().zip(from);
            if A::DTYPE.is_float() {
                pairs.for_each(|(y, x)| *y = B::from_f64(x.to_f64()));
            } else {
                pairs.for_each(|(y, x)| *y = B::from_i64(x.to_i64()));
            }
        }
        let input = operands[0];
        dispatch!(input.dtype(), A => dispatch!(output.dtype(), B => {
            convert(typed::<A>(input)?, typed_mut::<B>(output)?);
        }));
        Ok(())
    }
}

impl Tensor {
    /// Converts the elements to another type; returns itself if it has that type.
    /// [torch.Tensor.to](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html)
    ///
    /// ```
    /// use kindling::{DType, Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.7_f32, -1.7], &cpu)?;
    /// assert_eq!(x.to_dtype(DType::I32)?.to_string(), "tensor([ 1, -1])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// f64 on a GPU.
    pub fn to_dtype(&self, dtype: DType) -> Result<Self> {
        if self.dtype() == dtype {
            return Ok(self.clone());
        }
        Self::call(ToDType { from: self.dtype(), to: dtype }, &[self])
    }
}

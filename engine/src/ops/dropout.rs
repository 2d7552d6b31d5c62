//! `dropout`: random elements set to zero, the others scaled up to preserve the mean. The mask is
//! not saved: the derivative draws the same one again.

use std::hash::Hasher;

use smallvec::smallvec;

use crate::device::{DType, Slice, SliceMut};
use crate::tensor::{
    Compute, Function, Op, Pointwise, Saves, Scalar, Scalars, Spec, Tensor, Vjp, WgslFn, typed, typed_mut,
};
use crate::{Error, Result, dispatch};

use super::rand::key_scalars;
use super::random::{Key, next_key, uniform};

#[derive(Clone, Debug)]
struct Dropout {
    p: f32,
    scale: f64,
    key: Key,
}

impl Function for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(Tensor::call(self.clone(), &[grad])?)])
    }
}

impl Op for Dropout {
    fn infer(&self, operands: &[Spec]) -> Result<Spec> {
        Ok(operands[0].clone())
    }

    fn key(&self, _state: &mut dyn Hasher) {}

    fn scalars(&self) -> Scalars {
        let mut scalars: Scalars = smallvec![Scalar::Float(f64::from(self.p)), Scalar::Float(self.scale)];
        scalars.extend(key_scalars(self.key));
        scalars
    }

    fn compute(&self) -> Compute<'_> {
        Compute::Pointwise(self)
    }
}

impl Pointwise for Dropout {
    fn wgsl(&self, _operands: &[DType]) -> Result<WgslFn> {
        Ok(WgslFn {
            pieces: crate::shader!("dropout").into(),
            name: "dropout_forward".to_owned(),
            scalars: smallvec!["f32", "f32", "u32", "u32"],
            takes_index: true,
        })
    }

    fn eval(&self, operands: &[Slice<'_>], first: usize, output: SliceMut<'_>) -> Result<()> {
        dispatch!(output.dtype(), floats T => {
            use crate::device::Element;
            let scale = T::from_f64(self.scale);
            let pairs = typed_mut::<T>(output)?.iter_mut().zip(typed::<T>(operands[0])?);
            for (i, (y, x)) in pairs.enumerate() {
                *y = if uniform(self.key, first + i) >= self.p { *x * scale } else { T::default() };
            }
            Ok(())
        }, Err(Error::internal("dropout was given integers")))
    }
}

impl Tensor {
    /// Sets each element to 0 with probability `p`, else to x / (1 − p), by a new draw at each call
    /// in training; otherwise returns the tensor itself.
    /// [torch.nn.functional.dropout](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::ones([100], &Device::cpu())?;
    /// let y = block_on(x.dropout(0.75, true)?.to_vec::<f32>())?;
    /// assert!(y.iter().all(|y| *y == 0.0 || *y == 4.0));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `p` outside of 0 to 1; a tensor that is not floating point.
    pub fn dropout(&self, p: f64, training: bool) -> Result<Self> {
        if !(0.0..=1.0).contains(&p) {
            return Err(Error::value("dropout", format!("the probability has to be between 0 and 1, but got {p}")));
        }
        if !self.dtype().is_float() {
            return Err(Error::dtype("dropout", format!("expects floats, got {}", self.dtype())));
        }
        if !training || p == 0.0 {
            return Ok(self.clone());
        }
        let scale = if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 };
        Self::call(Dropout { p: p as f32, scale, key: next_key() }, &[self])
    }
}

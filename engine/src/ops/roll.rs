//! `roll`: elements move along a dimension, and those pushed out come in again at the other end.

use std::rc::Rc;

use crate::tensor::{Function, Saves, Tensor, Vjp, no_grad};
use crate::{Error, Result};

struct Roll {
    shift: usize,
    dim: usize,
}

impl Function for Roll {
    fn name(&self) -> &'static str {
        "roll"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(grad.roll_dim(cx.shape(0)[self.dim] - self.shift, self.dim)?)])
    }
}

impl Tensor {
    /// A copy in which the element at i along `dims[k]` has moved to i + `shifts[k]`, around the end; without
    /// dims the elements move in row-major order.
    /// [torch.roll](https://docs.pytorch.org/docs/stable/generated/torch.roll.html)
    ///
    /// # Errors
    /// A dimension that does not exist; dims without as many shifts.
    pub fn roll(&self, shifts: &[isize], dims: &[isize]) -> Result<Self> {
        if let ([_], []) = (shifts, dims) {
            return self.reshape(&[-1])?.roll(shifts, &[0])?.reshape_to(self.shape());
        }
        if shifts.len() != dims.len() || shifts.is_empty() {
            let rule = format!("shifts and dims must align, got {shifts:?} and {dims:?}");
            return Err(Error::shape("roll", rule));
        }
        let mut output = self.clone();
        for (shift, dim) in shifts.iter().zip(dims) {
            let dim = output.dim_of("roll", *dim)?;
            let size = output.dims()[dim];
            output = output.roll_dim(shift.rem_euclid(size.max(1) as isize) as usize, dim)?;
        }
        Ok(output)
    }

    /// Rolls one dimension by a shift of at most its size.
    fn roll_dim(&self, shift: usize, dim: usize) -> Result<Self> {
        let size = self.dims()[dim];
        let output = no_grad(|| match shift {
            0 => self.copy(),
            shift => {
                let head = self.take("roll", dim, size - shift, shift, 1)?;
                Self::cat(&[&head, &self.take("roll", dim, 0, size - shift, 1)?], dim as isize)
            }
        })?;
        output.remember(Rc::new(Roll { shift, dim }), &[self]);
        Ok(output)
    }
}

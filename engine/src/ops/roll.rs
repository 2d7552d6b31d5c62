//! `roll`: elements shifted along a dimension; those shifted beyond the end reappear at the start.

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
    /// Creates a copy with the element at i along `dims[k]` moved to i + `shifts[k]`, modulo the
    /// size; without `dims` the elements move in row-major order.
    /// [torch.roll](https://docs.pytorch.org/docs/stable/generated/torch.roll.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.roll(&[1], &[0])?.to_string(), "tensor([3., 1., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range; another number of shifts than of `dims`.
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
        output.record_grad_fn(Rc::new(Roll { shift, dim }), &[self]);
        Ok(output)
    }
}

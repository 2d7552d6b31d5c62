//! `flip`: dimensions run backwards, through negative strides. The copy melts into whatever reads it.

use smallvec::SmallVec;

use crate::Result;
use crate::tensor::{Function, Saves, Tensor, Vjp};

struct Flip {
    dims: SmallVec<[isize; 6]>,
}

impl Function for Flip {
    fn name(&self) -> &'static str {
        "flip"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(grad.flip(&self.dims)?)])
    }
}

impl Tensor {
    /// A copy in which the elements along `dims` stand in reverse order.
    /// [torch.flip](https://docs.pytorch.org/docs/stable/generated/torch.flip.html)
    ///
    /// # Errors
    /// A dimension that does not exist or is named twice.
    pub fn flip(&self, dims: &[isize]) -> Result<Self> {
        let flipped = self.shape().dims("flip", dims)?;
        let mut layout = self.layout().clone();
        if self.numel() > 0 {
            for d in flipped.iter().filter(|d| **d < self.ndim()) {
                let last = layout.strides[*d] * (layout.shape[*d] as isize - 1);
                layout.offset = (layout.offset as isize + last) as usize;
                layout.strides[*d] = -layout.strides[*d];
            }
        }
        self.copy_through(Flip { dims: dims.into() }, layout, self.shape().clone())
    }
}

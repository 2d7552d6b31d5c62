//! `flip`: dimensions reversed by negative strides. The copy is fused into its consumer.

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
    /// Creates a copy with the elements along `dims` in reverse order.
    /// [torch.flip](https://docs.pytorch.org/docs/stable/generated/torch.flip.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// assert_eq!(x.flip(&[0])?.to_string(), "tensor([3., 2., 1.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or repeated.
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

//! `expand`: dimensions of size 1 repeated by a stride of zero. A layout, no kernel.

use crate::tensor::{Function, Saves, Shape, Tensor, Vjp};
use crate::{Error, Result};

struct Expand;

impl Function for Expand {
    fn name(&self) -> &'static str {
        "expand"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![Some(grad.sum_to(cx.shape(0))?)])
    }
}

impl Tensor {
    /// Creates a view with dimensions of size 1 expanded to the given sizes; −1 keeps a size, and
    /// leading dimensions may be new.
    /// [torch.Tensor.expand](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32], [2.0]], &cpu)?;
    /// assert_eq!(x.expand(&[-1, 3])?.to_string(), "tensor([[1., 1., 1.],\n        [2., 2., 2.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// Fewer sizes than dimensions; a size other than 1 would change; −1 for a new dimension.
    pub fn expand(&self, size: &[isize]) -> Result<Self> {
        let shape = self.shape();
        let Some(new) = size.len().checked_sub(shape.len()) else {
            let rule = format!("{} sizes were given for the {} dimensions of {shape}", size.len(), shape.len());
            return Err(Error::shape("expand", rule));
        };
        let mut sizes = Vec::with_capacity(size.len());
        for (i, wanted) in size.iter().enumerate() {
            let old = i.checked_sub(new).map(|i| shape[i]);
            sizes.push(match (old, usize::try_from(*wanted)) {
                (Some(old), Ok(wanted)) if old == 1 || old == wanted => wanted,
                (Some(old), _) if *wanted == -1 => old,
                (None, Ok(wanted)) => wanted,
                (old, _) => {
                    let old = old.map_or("a new dimension".to_owned(), |n| format!("size {n}"));
                    let rule = format!("{old} cannot become {wanted} at dimension {i}, expanding {shape} to {size:?}");
                    return Err(Error::shape("expand", rule));
                }
            });
        }
        self.expand_to(&Shape::from(sizes))
    }

    /// Expands to a shape that has been checked.
    pub(crate) fn expand_to(&self, shape: &Shape) -> Result<Self> {
        Ok(self.view_as_function(Expand, self.layout().broadcast_to(shape)))
    }

    /// Computes the gradient of expanding from `shape`: sums over the dimensions that were added or
    /// broadcast.
    pub(crate) fn sum_to(&self, shape: &Shape) -> Result<Self> {
        if self.shape() == shape {
            return Ok(self.clone());
        }
        let new = self.ndim().saturating_sub(shape.len());
        let stretched = |d: &usize| *d < new || shape[*d - new] == 1 && self.dims()[*d] != 1;
        let dims: Vec<isize> = (0..self.ndim()).filter(stretched).map(|d| d as isize).collect();
        self.sum_dim(&dims, true)?.reshape_to(shape)
    }
}

//! `permute`, `transpose`, `t`: dimensions in another order. A layout, no kernel.

use smallvec::SmallVec;

use crate::tensor::{Function, Layout, Saves, Shape, Tensor, Vjp};
use crate::{Error, Result};

struct Permute {
    dims: SmallVec<[usize; 6]>,
}

impl Function for Permute {
    fn name(&self) -> &'static str {
        "permute"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let mut inverse: SmallVec<[isize; 6]> = SmallVec::from_elem(0, self.dims.len());
        for (to, from) in self.dims.iter().enumerate() {
            inverse[*from] = to as isize;
        }
        Ok(vec![Some(grad.permute(&inverse)?)])
    }
}

impl Tensor {
    /// Creates a view whose dimension i is dimension `dims[i]` of `self`.
    /// [torch.permute](https://docs.pytorch.org/docs/stable/generated/torch.permute.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::zeros([2, 3, 4], &cpu)?;
    /// assert_eq!(x.permute(&[2, 0, 1])?.dims(), [4, 2, 3]);
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// `dims` does not name every dimension once.
    pub fn permute(&self, dims: &[isize]) -> Result<Self> {
        if dims.len() != self.ndim() {
            let rule = format!("{} dims were given for the {} dimensions of {}", dims.len(), self.ndim(), self.shape());
            return Err(Error::shape("permute", rule));
        }
        let mut order: SmallVec<[usize; 6]> = SmallVec::new();
        for dim in dims {
            let dim = self.shape().dim("permute", *dim)?;
            if order.contains(&dim) {
                return Err(Error::shape("permute", format!("dimension {dim} is named twice in {dims:?}")));
            }
            order.push(dim);
        }
        let from = self.layout();
        let layout = Layout {
            shape: Shape::new(order.iter().map(|d| from.shape[*d])),
            strides: order.iter().map(|d| from.strides[*d]).collect(),
            offset: from.offset,
        };
        Ok(self.view_as_function(Permute { dims: order }, layout))
    }

    /// Creates a view with two dimensions swapped.
    /// [torch.transpose](https://docs.pytorch.org/docs/stable/generated/torch.transpose.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0]], &cpu)?;
    /// assert_eq!(x.transpose(0, 1)?.to_string(), "tensor([[1.],\n        [2.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension is out of range.
    pub fn transpose(&self, dim0: isize, dim1: isize) -> Result<Self> {
        let (a, b) = (self.shape().dim("transpose", dim0)?, self.shape().dim("transpose", dim1)?);
        let mut dims: SmallVec<[isize; 6]> = (0..self.ndim() as isize).collect();
        if a != b {
            dims.swap(a, b);
        }
        self.permute(&dims)
    }

    /// Returns the transpose of a matrix; vectors and scalars unchanged.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0]], &cpu)?;
    /// assert_eq!(x.t()?.to_string(), "tensor([[1.],\n        [2.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// More than two dimensions.
    pub fn t(&self) -> Result<Self> {
        match self.ndim() {
            0 | 1 => Ok(self.clone()),
            2 => self.transpose(0, 1),
            n => Err(Error::shape("t", format!("expects a tensor of at most 2 dimensions, got {n}: {}", self.shape()))),
        }
    }
}

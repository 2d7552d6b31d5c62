//! `squeeze` and `unsqueeze`: dimensions of size 1 removed or inserted. A layout, no kernel.

use crate::tensor::{Shape, Tensor, wrap_dim};
use crate::{Error, Result};

impl Tensor {
    /// Creates a view without the dimensions of size 1.
    /// [torch.squeeze](https://docs.pytorch.org/docs/stable/generated/torch.squeeze.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0]], &cpu)?;
    /// assert_eq!(x.squeeze()?.to_string(), "tensor([1., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// None: a tensor without such dimensions is unchanged.
    pub fn squeeze(&self) -> Result<Self> {
        let sizes = self.dims().iter().copied().filter(|size| *size != 1);
        self.reshape_as("squeeze", &Shape::new(sizes))
    }

    /// Creates a view without those of `dims` that have size 1.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0]], &cpu)?;
    /// assert_eq!(x.squeeze_dims(&[0, 1])?.to_string(), "tensor([1., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or repeated.
    pub fn squeeze_dims(&self, dims: &[isize]) -> Result<Self> {
        let dims = self.shape().dims("squeeze", dims)?;
        let kept = self.dims().iter().enumerate().filter(|(d, size)| **size != 1 || !dims.contains(d));
        self.reshape_as("squeeze", &Shape::new(kept.map(|(_, size)| *size)))
    }

    /// Creates a view with a dimension of size 1 inserted at `dim`.
    /// [torch.unsqueeze](https://docs.pytorch.org/docs/stable/generated/torch.unsqueeze.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::zeros([2, 3], &Device::cpu())?;
    /// assert_eq!(x.unsqueeze(-1)?.dims(), [2, 3, 1]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `dim` is outside of −(n+1) … n.
    pub fn unsqueeze(&self, dim: isize) -> Result<Self> {
        let dim = wrap_dim("unsqueeze", dim, self.ndim() + 1)?;
        let (before, after) = self.dims().split_at(dim);
        let sizes = before.iter().copied().chain([1]).chain(after.iter().copied());
        self.reshape_as("unsqueeze", &Shape::new(sizes))
    }

    /// Creates a view (or, if strides require it, a copy) with the dimensions from `start_dim` to
    /// `end_dim` merged.
    /// [torch.flatten](https://docs.pytorch.org/docs/stable/generated/torch.flatten.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// assert_eq!(x.flatten(0, -1)?.to_string(), "tensor([1., 2., 3., 4.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range; `start_dim` after `end_dim`.
    pub fn flatten(&self, start_dim: isize, end_dim: isize) -> Result<Self> {
        let (start, end) = (self.shape().dim("flatten", start_dim)?, self.shape().dim("flatten", end_dim)?);
        if start > end {
            let rule = format!("start_dim ({start_dim}) cannot come after end_dim ({end_dim}) in {}", self.shape());
            return Err(Error::shape("flatten", rule));
        }
        if self.ndim() == 0 {
            return self.reshape_as("flatten", &Shape::from([1]));
        }
        let dims = self.dims();
        let joined: usize = dims[start..=end].iter().product();
        let sizes = dims[..start].iter().copied().chain([joined]).chain(dims[end + 1..].iter().copied());
        self.reshape_as("flatten", &Shape::new(sizes))
    }

    /// Creates a view with dimension `dim` divided into `sizes`, of which one may be −1.
    /// [torch.unflatten](https://docs.pytorch.org/docs/stable/generated/torch.unflatten.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0, 4.0], &cpu)?;
    /// assert_eq!(x.unflatten(0, &[2, -1])?.to_string(), "tensor([[1., 2.],\n        [3., 4.]])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range; `sizes` is empty or does not multiply up to its size.
    pub fn unflatten(&self, dim: isize, sizes: &[isize]) -> Result<Self> {
        let dim = self.dim_of("unflatten", dim)?;
        if sizes.is_empty() {
            return Err(Error::shape("unflatten", "at least one size is needed"));
        }
        let cut = super::reshape::infer("unflatten", &Shape::from(self.dims()[dim]), sizes)?;
        let (before, after) = (&self.dims()[..dim], &self.dims()[dim + 1..]);
        let all = before.iter().chain(cut.iter()).chain(after).copied();
        self.reshape_as("unflatten", &Shape::new(all))
    }
}

//! `slice`, `narrow`, `select`: part of a dimension. A layout, no kernel; the gradient is scattered
//! into zeros.

use crate::tensor::{AsStrided, Layout, Tensor, row_major};
use crate::{Error, Result};

impl Tensor {
    /// Creates a view of the elements `start`, `start + step`, … before `stop` of a dimension, by
    /// Python's rules: negative bounds count from the end, bounds beyond it are clamped, `None` is
    /// open.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0, 4.0], &cpu)?;
    /// assert_eq!(x.slice(0, Some(1), None, 2)?.to_string(), "tensor([2., 4.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range, or `step` is not positive.
    pub fn slice(&self, dim: isize, start: Option<isize>, stop: Option<isize>, step: isize) -> Result<Self> {
        let dim = self.dim_of("slice", dim)?;
        if step <= 0 {
            return Err(Error::shape("slice", format!("step must be greater than zero, got {step}")));
        }
        let size = self.dims()[dim] as isize;
        let bound = |at: isize| if at < 0 { (at + size).max(0) } else { at.min(size) };
        let start = bound(start.unwrap_or(0));
        let stop = bound(stop.unwrap_or(size)).max(start);
        self.take("slice", dim, start as usize, (stop - start).unsigned_abs().div_ceil(step as usize), step)
    }

    /// Creates a view of `length` elements of a dimension from `start` on.
    /// [torch.narrow](https://docs.pytorch.org/docs/stable/generated/torch.narrow.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0, 4.0], &cpu)?;
    /// assert_eq!(x.narrow(0, 1, 2)?.to_string(), "tensor([2., 3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range, or too short.
    pub fn narrow(&self, dim: isize, start: isize, length: usize) -> Result<Self> {
        let dim = self.dim_of("narrow", dim)?;
        let size = self.dims()[dim];
        let from = if start < 0 { start + size as isize } else { start };
        match usize::try_from(from) {
            Ok(from) if from.checked_add(length).is_some_and(|end| end <= size) => {
                self.take("narrow", dim, from, length, 1)
            }
            _ => {
                let rule = format!("start ({start}) + length ({length}) exceeds the size {size} of dimension {dim}");
                Err(Error::shape("narrow", rule))
            }
        }
    }

    /// Creates a view of one element of a dimension, which is removed.
    /// [torch.select](https://docs.pytorch.org/docs/stable/generated/torch.select.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// assert_eq!(x.select(0, 1)?.to_string(), "tensor([3., 4.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension or the index is out of range.
    pub fn select(&self, dim: isize, index: isize) -> Result<Self> {
        let dim = self.dim_of("select", dim)?;
        let size = self.dims()[dim] as isize;
        if index < -size || index >= size {
            let rule =
                format!("index {index} is out of range for dimension {dim} of a tensor of shape {}", self.shape());
            return Err(Error::shape("select", rule));
        }
        let index = if index < 0 { index + size } else { index };
        let mut layout = self.layout().clone();
        layout.offset = (layout.offset as isize + index * layout.strides[dim]) as usize;
        layout.shape.sizes_mut().remove(dim);
        layout.strides.remove(dim);
        let mut on_dense = self.dense_layout();
        on_dense.offset = (index * on_dense.strides[dim]) as usize;
        on_dense.shape.sizes_mut().remove(dim);
        on_dense.strides.remove(dim);
        Ok(self.view_as_function(AsStrided::named("select", on_dense), layout))
    }

    pub(super) fn take(&self, name: &'static str, dim: usize, start: usize, len: usize, step: isize) -> Result<Self> {
        let cut = |mut layout: Layout| {
            // An empty slice visits nothing; an offset beyond the memory would only confuse.
            if len > 0 {
                layout.offset = (layout.offset as isize + start as isize * layout.strides[dim]) as usize;
            }
            layout.shape.sizes_mut()[dim] = len;
            layout.strides[dim] *= step;
            layout
        };
        Ok(self.view_as_function(AsStrided::named(name, cut(self.dense_layout())), cut(self.layout().clone())))
    }

    /// Resolves `dim` of a tensor that has dimensions.
    pub(super) fn dim_of(&self, op: &'static str, dim: isize) -> Result<usize> {
        if self.ndim() == 0 {
            return Err(Error::shape(op, "a tensor without dimensions cannot be indexed"));
        }
        self.shape().dim(op, dim)
    }

    /// Returns the layout of this tensor's gradient, which is contiguous.
    pub(super) fn dense_layout(&self) -> Layout {
        Layout { shape: self.shape().clone(), strides: row_major(self.dims()), offset: 0 }
    }
}

//! `split`, `chunk`, `unbind`: a tensor divided along a dimension. Views, no kernel.

use crate::tensor::Tensor;
use crate::{Error, Result};

impl Tensor {
    /// Splits into consecutive views of these lengths along `dim`.
    /// [torch.split](https://docs.pytorch.org/docs/stable/generated/torch.split.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// let parts = x.split(&[1, 2], 0)?;
    /// assert_eq!(parts[1].to_string(), "tensor([2., 3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range, or the lengths do not add up to its size.
    pub fn split(&self, lengths: &[usize], dim: isize) -> Result<Vec<Self>> {
        let dim = self.dim_of("split", dim)?;
        let size = self.dims()[dim];
        if lengths.iter().try_fold(0usize, |sum, length| sum.checked_add(*length)) != Some(size) {
            let rule = format!(
                "the lengths must sum to exactly {size}, the size of dimension {dim} of {}, but got {lengths:?}",
                self.shape()
            );
            return Err(Error::shape("split", rule));
        }
        let mut start = 0;
        let mut parts = Vec::with_capacity(lengths.len());
        for length in lengths {
            parts.push(self.take("split", dim, start, *length, 1)?);
            start += length;
        }
        Ok(parts)
    }

    /// Splits into views of `length` along `dim`, the last possibly shorter.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// let parts = x.split_size(2, 0)?;
    /// assert_eq!(parts[1].to_string(), "tensor([3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range; a length of 0, unless the dimension has size 0.
    pub fn split_size(&self, length: usize, dim: isize) -> Result<Vec<Self>> {
        let dim = self.dim_of("split", dim)?;
        let size = self.dims()[dim];
        if length == 0 && size > 0 {
            let rule = format!("the length can only be 0 if dimension {dim} has size 0, but it has {size}");
            return Err(Error::shape("split", rule));
        }
        let count = size.checked_div(length).map_or(1, |_| size.div_ceil(length).max(1));
        let lengths: Vec<usize> = (0..count).map(|i| length.min(size - i * length)).collect();
        self.split(&lengths, dim as isize)
    }

    /// Splits into at most `chunks` views along `dim`, all of ⌈size / chunks⌉ except the last.
    /// [torch.chunk](https://docs.pytorch.org/docs/stable/generated/torch.chunk.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 2.0, 3.0], &cpu)?;
    /// let parts = x.chunk(2, 0)?;
    /// assert_eq!(parts[0].to_string(), "tensor([1., 2.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range, or `chunks` is 0.
    pub fn chunk(&self, chunks: usize, dim: isize) -> Result<Vec<Self>> {
        let at = self.dim_of("chunk", dim)?;
        if chunks == 0 {
            return Err(Error::shape("chunk", "expects the number of chunks to be greater than 0"));
        }
        match self.dims()[at] {
            0 => self.split(&vec![0; chunks], dim),
            size => self.split_size(size.div_ceil(chunks), dim),
        }
    }

    /// Returns a view of every element along `dim`, which is removed.
    /// [torch.unbind](https://docs.pytorch.org/docs/stable/generated/torch.unbind.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// let rows = x.unbind(0)?;
    /// assert_eq!(rows[1].to_string(), "tensor([3., 4.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn unbind(&self, dim: isize) -> Result<Vec<Self>> {
        let dim = self.dim_of("unbind", dim)?;
        (0..self.dims()[dim]).map(|i| self.select(dim as isize, i as isize)).collect()
    }
}

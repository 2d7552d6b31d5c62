//! `argmax`, `argmin`, `max_dim`, `min_dim`: index and value of the maximum or minimum, the first
//! for ties. The gradient of `max_dim` goes to that first one.

use crate::device::{DType, Element};
use crate::tensor::{Saves, Shape, Tensor, Vjp};
use crate::{Result, shader};

use super::Reduce;
use super::amax::extremum;

/// Index of the maximum, or of the minimum.
#[derive(Clone, Debug)]
struct ArgExtremum<const MAX: bool>;

impl<const MAX: bool> Reduce for ArgExtremum<MAX> {
    const NAME: &'static str = if MAX { "argmax" } else { "argmin" };
    const WGSL: &'static [&'static str] = shader!("shared/arg_extremum");
    const ORDER: &'static [&'static str] = if MAX { shader!("amax") } else { shader!("amin") };
    const ACC_WORDS: usize = 2;
    const SAVES: Saves = Saves::NOTHING;

    fn output(&self, _input: DType) -> DType {
        DType::I32
    }

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        let best = extremum::<T, MAX>(run);
        let found = run.iter().position(|x| x.to_f64() == best || best.is_nan() && x.partial_cmp(x).is_none());
        planes[0] = found.unwrap_or(0) as f64;
    }

    fn run_i64(&self, run: &[i64]) -> Option<i64> {
        let best = if MAX { run.iter().max() } else { run.iter().min() }?;
        Some(run.iter().position(|x| x == best)? as i64)
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        Ok(grad.clone()) // Never asked for: indices have no gradient.
    }
}

/// Maximum along a dimension, or minimum; for ties the gradient goes to the first.
#[derive(Clone, Debug)]
struct ExtremumDim<const MAX: bool>;

impl<const MAX: bool> Reduce for ExtremumDim<MAX> {
    const NAME: &'static str = if MAX { "max_dim" } else { "min_dim" };
    const WGSL: &'static [&'static str] = shader!("shared/extremum");
    const ORDER: &'static [&'static str] = if MAX { shader!("amax") } else { shader!("amin") };
    const SAVES: Saves = Saves::INPUT;

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = extremum::<T, MAX>(run);
    }

    fn run_i64(&self, run: &[i64]) -> Option<i64> {
        if MAX { run.iter().max().copied() } else { run.iter().min().copied() }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, dims: &[usize]) -> Result<Tensor> {
        let input = cx.input(0)?.detach();
        let Some(dim) = dims.first().copied() else { return Ok(grad.clone()) };
        let found = input.arg_extremum::<MAX>(Some(dim as isize), true)?;
        let shape = Shape::new((0..input.ndim()).map(|d| if d == dim { input.dims()[d] } else { 1 }));
        let position = Self::positions(input.dims()[dim], &grad.device())?.reshape_to(&shape)?;
        found.eq(&position)?.where_(grad, &grad.zeros_like()?)
    }
}

impl<const MAX: bool> ExtremumDim<MAX> {
    fn positions(len: usize, device: &crate::Device) -> Result<Tensor> {
        Tensor::arange(0.0, len as f64, 1.0, (DType::I32, device))
    }
}

impl Tensor {
    fn arg_extremum<const MAX: bool>(&self, dim: Option<isize>, keepdim: bool) -> Result<Self> {
        let dims: Option<&[isize]> = dim.as_ref().map(std::slice::from_ref);
        self.not_empty_over(ArgExtremum::<MAX>::NAME, dims)?;
        self.reduce(ArgExtremum::<MAX>, dims, keepdim)
    }

    fn extremum_dim<const MAX: bool>(&self, dim: isize, keepdim: bool) -> Result<(Self, Self)> {
        self.not_empty_over(ExtremumDim::<MAX>::NAME, Some(&[dim]))?;
        let values = self.reduce(ExtremumDim::<MAX>, Some(&[dim]), keepdim)?;
        Ok((values, self.arg_extremum::<MAX>(Some(dim), keepdim)?))
    }

    /// Computes the index of the maximum along a dimension: the first for ties, the first NaN if
    /// there is one. With `dim` `None` it is that of all elements in row-major order. An i32.
    /// [torch.argmax](https://docs.pytorch.org/docs/stable/generated/torch.argmax.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 3.0], [4.0, 2.0]], &cpu)?;
    /// assert_eq!(x.argmax(Some(1), false)?.to_string(), "tensor([1, 0])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or empty.
    pub fn argmax(&self, dim: Option<isize>, keepdim: bool) -> Result<Self> {
        self.arg_extremum::<true>(dim, keepdim)
    }

    /// Computes the index of the minimum, as [`Tensor::argmax`].
    /// [torch.argmin](https://docs.pytorch.org/docs/stable/generated/torch.argmin.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 3.0], [4.0, 2.0]], &cpu)?;
    /// assert_eq!(x.argmin(Some(1), false)?.to_string(), "tensor([0, 1])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or empty.
    pub fn argmin(&self, dim: Option<isize>, keepdim: bool) -> Result<Self> {
        self.arg_extremum::<false>(dim, keepdim)
    }

    /// Computes the maxima along a dimension and their indices: `torch.max(input, dim)`. The
    /// gradient goes to the element at that index.
    /// [torch.max](https://docs.pytorch.org/docs/stable/generated/torch.max.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 3.0], [4.0, 2.0]], &cpu)?;
    /// let (values, indices) = x.max_dim(1, false)?;
    /// assert_eq!(values.to_string(), "tensor([3., 4.])");
    /// assert_eq!(indices.to_string(), "tensor([1, 0])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or empty.
    pub fn max_dim(&self, dim: isize, keepdim: bool) -> Result<(Self, Self)> {
        self.extremum_dim::<true>(dim, keepdim)
    }

    /// Computes the minima along a dimension and their indices, as [`Tensor::max_dim`].
    /// [torch.min](https://docs.pytorch.org/docs/stable/generated/torch.min.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 3.0], [4.0, 2.0]], &cpu)?;
    /// let (values, indices) = x.min_dim(1, false)?;
    /// assert_eq!(values.to_string(), "tensor([1., 2.])");
    /// assert_eq!(indices.to_string(), "tensor([0, 1])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or empty.
    pub fn min_dim(&self, dim: isize, keepdim: bool) -> Result<(Self, Self)> {
        self.extremum_dim::<false>(dim, keepdim)
    }
}

//! `amax`, `amin`, `max`, `min`: the maximum or minimum. Ties share the gradient equally.

use crate::device::Element;
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::{Reduce, signed};

/// Maximum, or minimum.
#[derive(Clone, Debug)]
struct Extremum<const MAX: bool>;

impl<const MAX: bool> Reduce for Extremum<MAX> {
    const NAME: &'static str = if MAX { "amax" } else { "amin" };
    const WGSL: &'static [&'static str] = shader!("shared/extremum");
    const ORDER: &'static [&'static str] = if MAX { shader!("amax") } else { shader!("amin") };
    const SAVES: Saves = Saves::INPUT.and_output();

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = extremum::<T, MAX>(run);
    }

    fn run_i64(&self, run: &[i64]) -> Option<i64> {
        if MAX { run.iter().max().copied() } else { run.iter().min().copied() }
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor, dims: &[usize]) -> Result<Tensor> {
        let tied = cx.input(0)?.eq(&cx.output()?)?;
        let share = grad.div(&tied.sum_dim(&signed(dims), true)?.to_dtype(grad.dtype())?)?;
        tied.where_(&share, &grad.zeros_like()?)
    }
}

/// Returns the maximum of a run, or the minimum; NaN if it contains one.
pub(crate) fn extremum<T: Element, const MAX: bool>(run: &[T]) -> f64 {
    let start = if MAX { f64::NEG_INFINITY } else { f64::INFINITY };
    let better = |x: f64, than: f64| if MAX { x > than } else { x < than };
    let found = run.iter().map(|x| x.to_f64()).fold(start, |best, x| if better(x, best) { x } else { best });
    // Comparing a number with itself costs less than propagating NaN in the loop above.
    let unordered = run.iter().filter(|x| x.partial_cmp(x).is_none()).count();
    if unordered > 0 { f64::NAN } else { found }
}

impl Tensor {
    /// Computes the maxima over `dims`, which are removed, or kept with size 1; NaN if there is
    /// one. Tied elements share the gradient.
    /// [torch.amax](https://docs.pytorch.org/docs/stable/generated/torch.amax.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// assert_eq!(x.amax(&[1], false)?.to_string(), "tensor([2., 4.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range, repeated, or empty.
    pub fn amax(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.not_empty_over("amax", Some(dims))?;
        self.reduce(Extremum::<true>, Some(dims), keepdim)
    }

    /// Computes the minima over `dims`, as [`Tensor::amax`].
    /// [torch.amin](https://docs.pytorch.org/docs/stable/generated/torch.amin.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[1.0_f32, 2.0], [3.0, 4.0]], &cpu)?;
    /// assert_eq!(x.amin(&[1], false)?.to_string(), "tensor([1., 3.])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range, repeated, or empty.
    pub fn amin(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.not_empty_over("amin", Some(dims))?;
        self.reduce(Extremum::<false>, Some(dims), keepdim)
    }

    /// Computes the maximum of all elements, without dimensions; NaN if there is one. Ties share
    /// the gradient.
    /// [torch.max](https://docs.pytorch.org/docs/stable/generated/torch.max.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 3.0, 2.0], &cpu)?;
    /// assert_eq!(x.max()?.to_string(), "tensor(3.)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// There are no elements.
    pub fn max(&self) -> Result<Self> {
        self.not_empty_over("max", None)?;
        self.reduce(Extremum::<true>, None, false)
    }

    /// Computes the minimum of all elements, as [`Tensor::max`].
    /// [torch.min](https://docs.pytorch.org/docs/stable/generated/torch.min.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[1.0_f32, 3.0, 2.0], &cpu)?;
    /// assert_eq!(x.min()?.to_string(), "tensor(1.)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// There are no elements.
    pub fn min(&self) -> Result<Self> {
        self.not_empty_over("min", None)?;
        self.reduce(Extremum::<false>, None, false)
    }
}

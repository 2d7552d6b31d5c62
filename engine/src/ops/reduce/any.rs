//! `any` and `all`: logical or and logical and of the elements, true if not zero.

use crate::device::{DType, Element};
use crate::tensor::{Saves, Tensor, Vjp};
use crate::{Result, shader};

use super::Reduce;

#[derive(Clone, Debug)]
struct Any;

#[derive(Clone, Debug)]
struct All;

impl Reduce for Any {
    const NAME: &'static str = "any";
    const WGSL: &'static [&'static str] = shader!("any");
    const SAVES: Saves = Saves::NOTHING;

    fn output(&self, _input: DType) -> DType {
        DType::Bool
    }

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = f64::from(run.iter().any(|x| *x != T::default()));
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        Ok(grad.clone()) // Never asked for: bools have no gradient.
    }
}

impl Reduce for All {
    const NAME: &'static str = "all";
    const WGSL: &'static [&'static str] = shader!("all");
    const SAVES: Saves = Saves::NOTHING;

    fn output(&self, _input: DType) -> DType {
        DType::Bool
    }

    fn run<T: Element>(&self, run: &[T], planes: &mut [f64]) {
        planes[0] = f64::from(run.iter().all(|x| *x != T::default()));
    }

    fn vjp(&self, _cx: &Vjp<'_>, grad: &Tensor, _dims: &[usize]) -> Result<Tensor> {
        Ok(grad.clone()) // Never asked for: bools have no gradient.
    }
}

impl Tensor {
    /// Computes a bool, true if any element is not zero; NaN is not zero.
    /// [torch.any](https://docs.pytorch.org/docs/stable/generated/torch.any.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.any()?.to_string(), "tensor(True)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn any(&self) -> Result<Self> {
        self.reduce(Any, None, false)
    }

    /// Computes bools over `dims`, true if any element is not zero. The dimensions are removed, or
    /// kept with size 1.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[0.0_f32, 1.0], [0.0, 0.0]], &cpu)?;
    /// assert_eq!(x.any_dim(&[1], false)?.to_string(), "tensor([ True, False])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or repeated.
    pub fn any_dim(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.reduce(Any, Some(dims), keepdim)
    }

    /// Computes a bool, true if no element is zero; NaN is not zero. True of an empty tensor.
    /// [torch.all](https://docs.pytorch.org/docs/stable/generated/torch.all.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[0.0_f32, 1.0], &cpu)?;
    /// assert_eq!(x.all()?.to_string(), "tensor(False)");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// The device cannot compute.
    pub fn all(&self) -> Result<Self> {
        self.reduce(All, None, false)
    }

    /// Computes bools over `dims`, true if no element is zero. The dimensions are removed, or kept
    /// with size 1.
    ///
    /// ```
    /// use kindling::{Device, Tensor};
    /// # let cpu = Device::cpu();
    /// let x = Tensor::from_nested(&[[0.0_f32, 1.0], [2.0, 1.0]], &cpu)?;
    /// assert_eq!(x.all_dim(&[1], false)?.to_string(), "tensor([False,  True])");
    /// # Ok::<(), kindling::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dimension that is out of range or repeated.
    pub fn all_dim(&self, dims: &[isize], keepdim: bool) -> Result<Self> {
        self.reduce(All, Some(dims), keepdim)
    }
}

//! Changes in place. The engine computes a new value and gives it to the storage, so that every view sees it;
//! the rules are PyTorch's: what is forbidden is an error, what was saved for backward is noticed by its version.

use crate::tensor::{Layout, Shape, Tensor, is_grad_enabled, no_grad};
use crate::{AutogradError, DType, Error, Result};

impl Tensor {
    /// Gives this tensor the elements of `new`, broadcast to its shape, in place.
    /// [torch.Tensor.copy_](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.copy_.html)
    ///
    /// # Errors
    /// A leaf that requires grad (outside of [`no_grad`]) or a view of one; an expanded tensor; shapes that do
    /// not fit.
    pub fn copy_(&self, new: &Self) -> Result<()> {
        let remember = is_grad_enabled() && (self.requires_grad() || new.requires_grad());
        self.may_change(remember)?;
        let new = new.to_dtype(self.dtype())?.expand_checked(self.shape())?;
        let whole = match self.base() {
            Some(base) => base.clone(),
            None if self.is_whole_storage() => self.clone(),
            None => self.whole_storage(),
        };
        let changed = if whole.is(self) { new.copy()? } else { whole.as_strided_scatter(&new, self.layout())? };
        whole.replace_value(changed.operand().value);
        if remember {
            whole.set_node(changed.grad_fn());
        }
        Ok(())
    }

    /// Zero everywhere, in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn zero_(&self) -> Result<()> {
        self.fill_(0.0)
    }

    /// One number everywhere, in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn fill_(&self, value: f64) -> Result<()> {
        self.copy_(&self.full_like(value)?)
    }

    /// Everything in this tensor's storage, for writing into part of it.
    fn whole_storage(&self) -> Self {
        let shape = Shape::from(self.storage_len());
        Self::over(self.storage().clone(), Layout::contiguous(shape), self.versions().clone())
    }

    fn may_change(&self, remember: bool) -> Result<()> {
        let shared = |d: &usize| self.stride()[*d] == 0 && self.dims()[*d] > 1;
        if (0..self.ndim()).any(|d| shared(&d)) {
            return Err(Error::autograd(
                AutogradError::InplaceOnExpanded,
                "more than one element of the written-to tensor refers to a single memory location; \
                 clone it before the in-place operation",
            ));
        }
        if remember && self.base().is_some_and(|base| base.is_leaf() && base.requires_grad()) {
            return Err(Error::autograd(
                AutogradError::InplaceOnLeafView,
                "a view of a leaf variable that requires grad is being used in an in-place operation",
            ));
        }
        if remember && self.is_leaf() && self.base().is_none() && self.requires_grad() {
            return Err(Error::autograd(
                AutogradError::InplaceOnLeaf,
                "a leaf variable that requires grad is being used in an in-place operation; use no_grad",
            ));
        }
        Ok(())
    }

    fn expand_checked(&self, shape: &Shape) -> Result<Self> {
        if self.shape() == shape {
            return Ok(self.clone());
        }
        let sizes: Vec<isize> = shape.iter().map(|size| *size as isize).collect();
        self.expand(&sizes)
    }

    /// Changes this tensor to what `f` makes of it: how `add_`, `mul_`, `relu_` and the like are made.
    ///
    /// # Errors
    /// As [`Tensor::copy_`], or what `f` refuses; a result of another shape, or of a higher type.
    pub fn update_(&self, f: impl FnOnce(&Self) -> Result<Self>) -> Result<()> {
        self.may_change(is_grad_enabled() && self.requires_grad())?;
        // What `f` saves for backward is the tensor as it was: values never change, so that costs nothing.
        let new = f(&self.snapshot())?;
        let (own, other) = (self.dtype(), new.dtype());
        if other.is_float() && !own.is_float() || own == DType::Bool && other != DType::Bool {
            let rule = format!(
                "the result is {other} and does not fit a tensor of {own}; use the operation that returns a new one"
            );
            return Err(Error::dtype("in-place operation", rule));
        }
        if new.shape() != self.shape() {
            let rule = format!("the result has the shape {} and does not fit the shape {}", new.shape(), self.shape());
            return Err(Error::shape("in-place operation", rule));
        }
        self.copy_(&new)
    }

    /// Gives this leaf a new value, unseen by autograd but for the version: how optimizers write parameters.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn set_(&self, new: &Self) -> Result<()> {
        no_grad(|| self.copy_(new))
    }
}

//! Changes in place. The engine computes a new value and gives it to the storage, so that every
//! view sees it. The rules are PyTorch's: forbidden changes are errors, and changes of saved
//! tensors are detected by version.

use std::rc::Rc;

use crate::tensor::{AsStrided, Function, Layout, Node, Saves, Shape, Tensor, Vjp, is_grad_enabled, no_grad};
use crate::{AutogradError, DType, Error, Result};

/// Replaces all of a tensor by another; no gradient flows to the old elements.
struct Overwrite;

impl Function for Overwrite {
    fn name(&self) -> &'static str {
        "copy_"
    }

    fn saves(&self) -> Saves {
        Saves::NOTHING
    }

    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>> {
        let old = if cx.needs(0) { Some(grad.zeros_like()?) } else { None };
        Ok(vec![old, Some(grad.clone())])
    }
}

impl Tensor {
    /// Copies `new`, broadcast to this tensor's shape, into this tensor.
    /// [torch.Tensor.copy_](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.copy_.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::zeros([2, 3], &Device::cpu())?;
    /// x.select(0, 1)?.copy_(&Tensor::ones([3], &Device::cpu())?)?;
    /// assert_eq!(block_on(x.to_vec::<f32>())?, [0., 0., 0., 1., 1., 1.]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A leaf that requires grad (outside of [`no_grad`]) or a view of one; an expanded tensor;
    /// shapes that do not fit.
    pub fn copy_(&self, new: &Self) -> Result<()> {
        let record = self.records(new);
        self.may_change(record)?;
        let new = new.to_dtype(self.dtype())?.expand_checked(self.shape())?;
        if self.is_whole_storage() && self.base().is_none() {
            self.take_value(&new)?;
            if record {
                self.change_history(|| Node::link(Rc::new(Overwrite), &[self, &new], self));
            }
            return Ok(());
        }
        self.write(&new, record)
    }

    /// Fills with zeros, in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn zero_(&self) -> Result<()> {
        self.fill_(0.0)
    }

    /// Fills with a number, in place.
    ///
    /// # Errors
    /// As [`Tensor::copy_`].
    pub fn fill_(&self, value: f64) -> Result<()> {
        self.copy_(&self.full_like(value)?)
    }

    /// Replaces this tensor by `f` of it: the basis of `add_`, `mul_`, `relu_` and the like.
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::ones([2], &Device::cpu())?.requires_grad_(true)?;
    /// let h = x.mul_scalar(2.0)?;
    /// h.update_(|h| h.mul(h))?;
    /// h.sum()?.backward()?;
    /// assert_eq!(x.grad().map(|g| block_on(g.to_vec::<f32>())).transpose()?, Some(vec![8.0, 8.0]));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::copy_`], or an error of `f`; a result of another shape, or of a higher type.
    pub fn update_(&self, f: impl FnOnce(&Self) -> Result<Self>) -> Result<()> {
        self.may_change(is_grad_enabled() && self.requires_grad())?;
        // Old elements saved by `f` stay as they are; PyTorch saves a copy of them.
        let old = self.snapshot();
        old.set_node(self.grad_fn());
        let new = f(&old)?;
        self.check_result(&new)?;
        let record = self.records(&new);
        self.may_change(record)?;
        let new = if new.dtype() == self.dtype() { new } else { new.to_dtype(self.dtype())? };
        drop(old);
        let whole = self.is_whole_storage() && self.base().is_none();
        let made_here = new.is_only_handle();
        match new.grad_fn() {
            // The call that made the new elements becomes the one that made this tensor. If it
            // saved its result, that is now this tensor, and another change of it will be detected.
            Some(node) if record && made_here => {
                if whole {
                    self.take_value(&new)?;
                    self.change_history(|| self.set_node(Some(node.clone())));
                } else {
                    self.write(&new, true)?;
                }
                node.save_output_again(self);
                Ok(())
            }
            _ if whole => {
                self.take_value(&new)?;
                if record {
                    self.change_history(|| Node::link(Rc::new(Overwrite), &[self, &new], self));
                }
                Ok(())
            }
            _ => self.write(&new, record),
        }
    }

    /// Gives this leaf a new value, seen by autograd only as a new version: how optimizers write
    /// parameters.
    ///
    /// # Errors
    /// Shapes that do not fit.
    pub fn set_(&self, new: &Self) -> Result<()> {
        no_grad(|| self.copy_(new))
    }

    /// Writes into part of a storage, or into all of it in another order, and gives the base of
    /// this view its new history.
    fn write(&self, new: &Self, record: bool) -> Result<()> {
        let base = self.base().unwrap_or(self).clone();
        if base.is_whole_storage() {
            let changed = base.as_strided_scatter(new, self.layout())?;
            base.take_value(&changed)?;
            if record {
                base.change_history(|| base.set_node(changed.grad_fn()));
            }
            return Ok(());
        }
        // The base is itself part of a storage (a detached slice): the history covers all of the
        // storage.
        let storage = self.whole_storage();
        let before = match record && base.requires_grad() {
            true => storage.as_strided_scatter(&base, base.layout())?,
            false => storage.clone(),
        };
        let changed = before.as_strided_scatter(new, self.layout())?;
        storage.take_value(&changed)?;
        if record {
            let layout = base.layout().clone();
            let through = changed.view_as_function(AsStrided::new(layout.clone()), layout);
            base.change_history(|| base.set_node(through.grad_fn()));
        }
        Ok(())
    }

    /// Gives the storage the elements of `new`, without a copy if they are contiguous and unshared.
    fn take_value(&self, new: &Self) -> Result<()> {
        let alone = new.is_contiguous() && new.operand().value.len == new.numel();
        let new = if alone { new.clone() } else { no_grad(|| new.copy())? };
        self.replace_value(new.operand().value);
        Ok(())
    }

    /// Returns everything in this tensor's storage, for writing into part of it.
    fn whole_storage(&self) -> Self {
        let shape = Shape::from(self.storage_len());
        Self::over(self.storage().clone(), Layout::contiguous(shape), self.versions().clone())
    }

    fn records(&self, new: &Self) -> bool {
        is_grad_enabled() && self.dtype().is_float() && (self.requires_grad() || new.requires_grad())
    }

    fn may_change(&self, record: bool) -> Result<()> {
        let shared = |d: &usize| self.stride()[*d] == 0 && self.dims()[*d] > 1;
        if (0..self.ndim()).any(|d| shared(&d)) {
            return Err(Error::autograd(
                AutogradError::InplaceOnExpanded,
                "more than one element of the written-to tensor refers to a single memory location; \
                 clone it before the in-place operation",
            ));
        }
        if record && self.base().is_some_and(|base| base.is_leaf() && base.requires_grad()) {
            return Err(Error::autograd(
                AutogradError::InplaceOnLeafView,
                "a view of a leaf variable that requires grad is being used in an in-place operation",
            ));
        }
        if record && self.is_leaf() && self.base().is_none() && self.requires_grad() {
            return Err(Error::autograd(
                AutogradError::InplaceOnLeaf,
                "a leaf variable that requires grad is being used in an in-place operation; use no_grad",
            ));
        }
        Ok(())
    }

    fn check_result(&self, new: &Self) -> Result<()> {
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
        Ok(())
    }

    fn expand_checked(&self, shape: &Shape) -> Result<Self> {
        if self.shape() == shape {
            return Ok(self.clone());
        }
        let sizes: Vec<isize> = shape.iter().map(|size| *size as isize).collect();
        self.expand(&sizes)
    }
}

//! The tensor: a layout over a storage, with autograd's metadata. It knows no operation; each
//! operation has its own `impl Tensor`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::function::{Edge, Hook, Node};
use super::value::{Operand, Value};
use super::{Layout, Shape, State};
use crate::device::{DType, Device};
use crate::{AutogradError, Error, Result};

/// An n-dimensional array on a device. Cloning returns another handle to the same tensor.
#[derive(Clone)]
pub struct Tensor(Rc<Inner>);

pub(crate) struct Inner {
    storage: Rc<Storage>,
    layout: Layout,
    versions: Rc<Cell<u64>>,
    requires_grad: Cell<bool>,
    grad: RefCell<Option<Tensor>>,
    node: RefCell<Option<Rc<Node>>>,
    hooks: RefCell<Vec<(u64, Hook)>>,
    retains_grad: Cell<bool>,
    /// Base of this view, and the base's version that `node` belongs to.
    base: Option<Tensor>,
    base_version: Cell<u64>,
}

/// Memory shared by a tensor and its views. A change in place gives it a new value. It may be a
/// slice of a longer value: an optimizer holds all parameters in one.
pub struct Storage {
    value: RefCell<Rc<Value>>,
    offset: Cell<usize>,
    len: usize,
}

impl Storage {
    /// Creates a storage of a whole value.
    fn new(value: Rc<Value>) -> Rc<Self> {
        Rc::new(Self { len: value.len, value: RefCell::new(value), offset: Cell::new(0) })
    }
}

impl Tensor {
    /// Creates a tensor over a whole value.
    pub(crate) fn from_value(value: Rc<Value>, shape: Shape) -> Self {
        Self::over(Storage::new(value), Layout::contiguous(shape), Rc::default())
    }

    /// Creates a tensor over a storage, without history.
    pub(crate) fn over(storage: Rc<Storage>, layout: Layout, versions: Rc<Cell<u64>>) -> Self {
        Self::build(storage, layout, versions, None)
    }

    fn build(storage: Rc<Storage>, layout: Layout, versions: Rc<Cell<u64>>, base: Option<Self>) -> Self {
        let base_version = Cell::new(versions.get());
        Self(Rc::new(Inner {
            storage,
            layout,
            versions,
            requires_grad: Cell::new(false),
            grad: RefCell::default(),
            node: RefCell::default(),
            hooks: RefCell::default(),
            retains_grad: Cell::new(false),
            base,
            base_version,
        }))
    }

    /// Creates a view: the same memory through another layout. Changes in place show in both.
    pub(crate) fn view_through(&self, layout: Layout) -> Self {
        let base = self.0.base.clone().unwrap_or_else(|| self.clone());
        Self::build(self.0.storage.clone(), layout, self.0.versions.clone(), Some(base))
    }

    /// Returns the sizes of the dimensions.
    pub fn shape(&self) -> &Shape {
        &self.0.layout.shape
    }

    /// Returns the sizes as a slice.
    pub fn dims(&self) -> &[usize] {
        &self.0.layout.shape
    }

    /// Returns the size of a dimension, negative from the end.
    ///
    /// # Errors
    /// The dimension is out of range.
    pub fn size(&self, dim: isize) -> Result<usize> {
        Ok(self.shape().get(self.shape().dim("size", dim)?).copied().unwrap_or(1))
    }

    /// Returns the number of dimensions.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// Returns the number of elements.
    pub fn numel(&self) -> usize {
        self.shape().numel()
    }

    /// Returns the element type.
    pub fn dtype(&self) -> DType {
        self.0.storage.value.borrow().dtype
    }

    /// Returns the device.
    pub fn device(&self) -> Device {
        self.0.storage.value.borrow().device.clone()
    }

    /// Returns the stride of each dimension, in elements.
    pub fn stride(&self) -> &[isize] {
        &self.0.layout.strides
    }

    /// Returns the offset of the first element in its storage.
    pub fn storage_offset(&self) -> usize {
        self.0.layout.offset
    }

    /// Returns `true` if the elements are in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        self.0.layout.is_contiguous()
    }

    /// Returns `true` if two tensors begin at the same address (PyTorch compares `data_ptr()`).
    pub fn same_memory(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0.storage, &other.0.storage) && self.0.layout.offset == other.0.layout.offset
    }

    /// Returns `true` if two handles are the same tensor, like Python's `is`.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Returns the layout over its storage.
    pub(crate) fn layout(&self) -> &Layout {
        &self.0.layout
    }

    pub(crate) fn storage(&self) -> &Rc<Storage> {
        &self.0.storage
    }

    pub(crate) fn versions(&self) -> &Rc<Cell<u64>> {
        &self.0.versions
    }

    pub(crate) fn downgrade(&self) -> std::rc::Weak<Inner> {
        Rc::downgrade(&self.0)
    }

    pub(crate) fn upgrade(weak: &std::rc::Weak<Inner>) -> Option<Self> {
        weak.upgrade().map(Self)
    }

    /// Returns an address that identifies this tensor while it is alive.
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }

    /// Returns this tensor as an operand.
    pub(crate) fn operand(&self) -> Operand {
        let storage = &self.0.storage;
        let mut layout = self.0.layout.clone();
        layout.offset += storage.offset.get();
        Operand { value: storage.value.borrow().clone(), layout }
    }

    /// Returns `true` if this is all of its storage, contiguous.
    pub(crate) fn is_whole_storage(&self) -> bool {
        self.0.layout.is_whole(self.0.storage.len)
    }

    /// Returns the number of elements of its storage.
    pub(crate) fn storage_len(&self) -> usize {
        self.0.storage.len
    }

    /// Returns the base of this view.
    pub(crate) fn base(&self) -> Option<&Self> {
        self.0.base.as_ref()
    }

    /// Returns the number of changes in place of its memory, PyTorch's `_version`.
    pub fn version(&self) -> u64 {
        self.0.versions.get()
    }

    /// Gives the storage another value of the same length: a change in place.
    pub(crate) fn replace_value(&self, value: Rc<Value>) {
        self.replace_with_part(value, 0);
    }

    /// Gives the storage a slice of a longer value, from `offset` on: a change in place.
    pub(crate) fn replace_with_part(&self, value: Rc<Value>, offset: usize) {
        self.move_to(value, offset);
        self.0.versions.set(self.0.versions.get() + 1);
    }

    /// Makes the storage a slice of a longer value with the same elements; no change in place.
    pub(crate) fn move_to(&self, value: Rc<Value>, offset: usize) {
        self.0.storage.value.replace(value);
        self.0.storage.offset.set(offset);
    }

    /// Moves the elements, which must be contiguous, to a storage of their own without a copy.
    pub(crate) fn alone(&self) -> Self {
        let Operand { value, layout: Layout { shape, offset, .. } } = self.operand();
        let storage = Storage { value: RefCell::new(value), offset: Cell::new(offset), len: self.numel() };
        Self::over(Rc::new(storage), Layout::contiguous(shape), Rc::default())
    }

    /// Returns a snapshot, unaffected by later changes in place. Values are immutable: no copy.
    pub(crate) fn snapshot(&self) -> Self {
        let Storage { value, offset, len } = &*self.0.storage;
        let storage = Storage { value: value.clone(), offset: offset.clone(), len: *len };
        Self::over(Rc::new(storage), self.0.layout.clone(), Rc::default())
    }

    /// Returns `true` if no other handle to this tensor and no view of it exists.
    pub(crate) fn is_only_handle(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }

    /// Returns the tensor detached from the graph. Memory is shared, and changes are detected.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self::over(self.0.storage.clone(), self.0.layout.clone(), self.0.versions.clone())
    }

    /// Returns a tensor of the same memory with its own version counter: changes in place through
    /// it go undetected, as with PyTorch's `.data`.
    #[must_use]
    pub fn data(&self) -> Self {
        Self::over(self.0.storage.clone(), self.0.layout.clone(), Rc::default())
    }

    /// Returns `true` if gradients flow to or through this tensor.
    pub fn requires_grad(&self) -> bool {
        self.0.requires_grad.get() || self.grad_fn().is_some()
    }

    /// Returns `true` if no recorded operation made it.
    pub fn is_leaf(&self) -> bool {
        self.grad_fn().is_none()
    }

    /// Sets accumulation of gradients in [`Tensor::grad`] on or off.
    ///
    /// # Errors
    /// Only floating-point tensors can require grad; the flag can be cleared only on leaves.
    pub fn requires_grad_(&self, requires_grad: bool) -> Result<Self> {
        if requires_grad && !self.dtype().is_float() {
            return Err(Error::autograd(
                AutogradError::RequiresGradInt,
                format!("only tensors of floating point dtype can require gradients, this one is {}", self.dtype()),
            ));
        }
        if !requires_grad && !self.is_leaf() {
            return Err(Error::autograd(
                AutogradError::InplaceOnLeaf,
                "requires_grad can only be cleared on leaf tensors; use detach() on others",
            ));
        }
        self.0.requires_grad.set(requires_grad);
        Ok(self.clone())
    }

    /// Returns the accumulated gradient of a leaf that requires grad, or of a tensor that retains
    /// it.
    pub fn grad(&self) -> Option<Self> {
        self.0.grad.borrow().clone()
    }

    /// Replaces the gradient; `None` clears it.
    pub fn set_grad(&self, grad: Option<Self>) {
        self.0.grad.replace(grad);
    }

    /// Returns the call that made this tensor, if it was recorded. For a view whose base was
    /// changed in place, this is a fresh view of the new base.
    pub fn grad_fn(&self) -> Option<Rc<Node>> {
        if let Some(base) = &self.0.base
            && self.0.base_version.get() != base.version()
            && base.grad_fn().is_some()
        {
            self.0.base_version.set(base.version());
            let view = super::AsStrided::of_storage(self.layout().clone(), base);
            Node::link(Rc::new(view), &[base], self);
        }
        self.0.node.borrow().clone()
    }

    pub(crate) fn set_node(&self, node: Option<Rc<Node>>) {
        self.0.base_version.set(self.version());
        self.0.node.replace(node);
    }

    /// Runs `change`, which gives this tensor another history after a change in place. A gradient
    /// to be retained is then that of the new elements.
    pub(crate) fn change_history(&self, change: impl FnOnce()) {
        if self.0.retains_grad.get()
            && let Some(old) = self.grad_fn()
        {
            old.retained.borrow_mut().retain(|held| held.as_ptr() != Rc::as_ptr(&self.0));
        }
        change();
        if self.0.retains_grad.get()
            && let Some(new) = self.grad_fn()
        {
            new.retained.borrow_mut().push(self.downgrade());
        }
    }

    /// Returns the destination of its gradient.
    pub(crate) fn edge(&self) -> Edge {
        match self.grad_fn() {
            Some(node) => Edge::Node(node),
            None if self.0.requires_grad.get() => Edge::Leaf(self.clone()),
            None => Edge::None,
        }
    }

    /// Retains the gradient of a tensor that is not a leaf.
    ///
    /// # Errors
    /// It does not require grad.
    pub fn retain_grad(&self) -> Result<()> {
        if !self.requires_grad() {
            return Err(no_grad_fn("retain_grad"));
        }
        if let Some(node) = self.grad_fn()
            && !self.0.retains_grad.replace(true)
        {
            node.retained.borrow_mut().push(self.downgrade());
        }
        Ok(())
    }

    /// Returns `true` if [`Tensor::retain_grad`] was called, PyTorch's `retains_grad`.
    pub fn retains_grad(&self) -> bool {
        self.0.retains_grad.get()
    }

    /// Registers a hook: it is called with the gradient of this tensor whenever one is computed,
    /// and may return a replacement. The number identifies the hook to [`Tensor::remove_hook`].
    ///
    /// # Errors
    /// It does not require grad.
    pub fn register_hook(&self, hook: impl Fn(&Self) -> Result<Option<Self>> + 'static) -> Result<u64> {
        if !self.requires_grad() {
            return Err(no_grad_fn("register_hook"));
        }
        let node = self.grad_fn();
        let hooks = node.as_ref().map_or(&self.0.hooks, |node| &node.hooks);
        let id = hooks.borrow().last().map_or(0, |(id, _)| id + 1);
        hooks.borrow_mut().push((id, Rc::new(hook)));
        Ok(id)
    }

    /// Removes a hook.
    pub fn remove_hook(&self, id: u64) {
        let node = self.grad_fn();
        let hooks = node.as_ref().map_or(&self.0.hooks, |node| &node.hooks);
        hooks.borrow_mut().retain(|(i, _)| *i != id);
    }

    pub(crate) fn leaf_hooks(&self) -> Vec<Hook> {
        self.0.hooks.borrow().iter().map(|(_, hook)| hook.clone()).collect()
    }

    /// Returns `true` if its value has been computed, or refused.
    pub fn is_computed(&self) -> bool {
        !matches!(self.0.storage.value.borrow().state(), State::Recorded(_))
    }
}

fn no_grad_fn(what: &str) -> Error {
    Error::autograd(AutogradError::NoGradFn, format!("{what}: the tensor does not require grad and has no grad_fn"))
}

impl std::fmt::Debug for Tensor {
    /// Shape and type, not elements: reading those may have to wait.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "tensor(shape={}, dtype={}, device={}", self.shape(), self.dtype(), self.device())?;
        if let Some(node) = self.grad_fn() {
            write!(f, ", grad_fn=<{}>", node.name())?;
        } else if self.requires_grad() {
            write!(f, ", requires_grad")?;
        }
        write!(f, ")")
    }
}

//! The tensor: a layout over a storage, with what autograd needs to know. It knows no operation; each operation
//! brings its own `impl Tensor`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::function::{Edge, Hook, Node};
use super::value::{Operand, Value};
use super::{Layout, Shape, State};
use crate::device::{DType, Device};
use crate::{AutogradError, Error, Result};

/// An n-dimensional array on a device. Cloning gives another handle to the same tensor.
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
    /// The tensor this is a view of, and the version of it that `node` belongs to.
    base: Option<Tensor>,
    base_version: Cell<u64>,
}

/// Memory that tensors share: all views of one tensor have one storage. A change in place gives it a new value.
/// It may be part of a longer value: an optimizer keeps all parameters in one.
pub struct Storage {
    value: RefCell<Rc<Value>>,
    offset: Cell<usize>,
    len: usize,
}

impl Storage {
    /// All of a value.
    fn new(value: Rc<Value>) -> Rc<Self> {
        Rc::new(Self { len: value.len, value: RefCell::new(value), offset: Cell::new(0) })
    }
}

impl Tensor {
    /// A new tensor over the whole of a value.
    pub(crate) fn from_value(value: Rc<Value>, shape: Shape) -> Self {
        Self::over(Storage::new(value), Layout::contiguous(shape), Rc::default())
    }

    /// A tensor over a storage, without history.
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

    /// A view: the same memory through another layout; changes in place are seen through both.
    pub(crate) fn view_through(&self, layout: Layout) -> Self {
        let base = self.0.base.clone().unwrap_or_else(|| self.clone());
        Self::build(self.0.storage.clone(), layout, self.0.versions.clone(), Some(base))
    }

    /// The sizes.
    pub fn shape(&self) -> &Shape {
        &self.0.layout.shape
    }

    /// The sizes as a slice.
    pub fn dims(&self) -> &[usize] {
        &self.0.layout.shape
    }

    /// The size of one dimension; negative ones count from the end.
    ///
    /// # Errors
    /// There is no such dimension.
    pub fn size(&self, dim: isize) -> Result<usize> {
        Ok(self.shape().get(self.shape().dim("size", dim)?).copied().unwrap_or(1))
    }

    /// The number of dimensions.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.shape().numel()
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.0.storage.value.borrow().dtype
    }

    /// Where it is.
    pub fn device(&self) -> Device {
        self.0.storage.value.borrow().device.clone()
    }

    /// The steps in memory along each dimension, in elements.
    pub fn stride(&self) -> &[isize] {
        &self.0.layout.strides
    }

    /// Where in its storage the first element lies.
    pub fn storage_offset(&self) -> usize {
        self.0.layout.offset
    }

    /// Whether the elements lie in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        self.0.layout.is_contiguous()
    }

    /// Whether two tensors begin at the same place of the same memory (PyTorch compares `data_ptr()`).
    pub fn same_memory(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0.storage, &other.0.storage) && self.0.layout.offset == other.0.layout.offset
    }

    /// Whether two handles are the same tensor, as Python's `is`.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// How it lies in its storage.
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

    /// An address that identifies this tensor while it lives.
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }

    /// Itself as an operand.
    pub(crate) fn operand(&self) -> Operand {
        let storage = &self.0.storage;
        let mut layout = self.0.layout.clone();
        layout.offset += storage.offset.get();
        Operand { value: storage.value.borrow().clone(), layout }
    }

    /// Whether this is all of its storage, in order.
    pub(crate) fn is_whole_storage(&self) -> bool {
        self.0.layout.is_whole(self.0.storage.len)
    }

    /// How many elements its storage has.
    pub(crate) fn storage_len(&self) -> usize {
        self.0.storage.len
    }

    /// The tensor this is a view of.
    pub(crate) fn base(&self) -> Option<&Self> {
        self.0.base.as_ref()
    }

    /// How often its memory has been changed in place, as PyTorch's `_version`.
    pub fn version(&self) -> u64 {
        self.0.versions.get()
    }

    /// Gives the storage another value of the same length: a change in place.
    pub(crate) fn replace_value(&self, value: Rc<Value>) {
        self.replace_with_part(value, 0);
    }

    /// Gives the storage part of a longer value, from `offset` on: a change in place.
    pub(crate) fn replace_with_part(&self, value: Rc<Value>, offset: usize) {
        self.move_to(value, offset);
        self.0.versions.set(self.0.versions.get() + 1);
    }

    /// Has the storage be part of a longer value that holds the same elements: no change.
    pub(crate) fn move_to(&self, value: Rc<Value>, offset: usize) {
        self.0.storage.value.replace(value);
        self.0.storage.offset.set(offset);
    }

    /// The same elements, which must lie in order without gaps, as all of a storage of their own; nothing is copied.
    pub(crate) fn alone(&self) -> Self {
        let Operand { value, layout: Layout { shape, offset, .. } } = self.operand();
        let storage = Storage { value: RefCell::new(value), offset: Cell::new(offset), len: self.numel() };
        Self::over(Rc::new(storage), Layout::contiguous(shape), Rc::default())
    }

    /// The same elements as they are now: what is changed in place later leaves them alone. Nothing is copied,
    /// values never change.
    pub(crate) fn snapshot(&self) -> Self {
        let Storage { value, offset, len } = &*self.0.storage;
        let storage = Storage { value: value.clone(), offset: offset.clone(), len: *len };
        Self::over(Rc::new(storage), self.0.layout.clone(), Rc::default())
    }

    /// Whether nobody else holds this tensor, nor a view of it.
    pub(crate) fn is_only_handle(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }

    /// The same tensor cut off from the graph: shares memory, and changes in place are noticed by backward.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self::over(self.0.storage.clone(), self.0.layout.clone(), self.0.versions.clone())
    }

    /// The same memory with a version count of its own: changes in place through it go unnoticed, as with
    /// PyTorch's `.data`.
    #[must_use]
    pub fn data(&self) -> Self {
        Self::over(self.0.storage.clone(), self.0.layout.clone(), Rc::default())
    }

    /// Whether gradients flow to or through this tensor.
    pub fn requires_grad(&self) -> bool {
        self.0.requires_grad.get() || self.grad_fn().is_some()
    }

    /// Whether it was not made by a remembered operation.
    pub fn is_leaf(&self) -> bool {
        self.grad_fn().is_none()
    }

    /// Asks for gradients to be collected in [`Tensor::grad`], or not.
    ///
    /// # Errors
    /// Only floating-point tensors can require grad; only of leaves can the flag be cleared.
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

    /// The gradient collected so far, if this is a leaf that requires grad or retains it.
    pub fn grad(&self) -> Option<Self> {
        self.0.grad.borrow().clone()
    }

    /// Replaces the gradient; `None` forgets it.
    pub fn set_grad(&self, grad: Option<Self>) {
        self.0.grad.replace(grad);
    }

    /// The call that made this tensor, if it was remembered. After a change in place of the tensor that this is
    /// a view of, that is a fresh view of what it became.
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

    /// Runs what gives this tensor another history, after a change in place: a gradient that is to be retained
    /// is that of the new elements.
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

    /// Where its gradient goes.
    pub(crate) fn edge(&self) -> Edge {
        match self.grad_fn() {
            Some(node) => Edge::Node(node),
            None if self.0.requires_grad.get() => Edge::Leaf(self.clone()),
            None => Edge::None,
        }
    }

    /// Keeps the gradient of a tensor that is no leaf, too.
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

    /// Whether [`Tensor::retain_grad`] was called on it, as PyTorch's `retains_grad`.
    pub fn retains_grad(&self) -> bool {
        self.0.retains_grad.get()
    }

    /// Calls `hook` with the gradient of this tensor whenever it is computed; what it returns takes its place.
    /// The number identifies the hook to [`Tensor::remove_hook`].
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

    /// Whether its value has been computed, or refused.
    pub fn is_computed(&self) -> bool {
        !matches!(self.0.storage.value.borrow().state(), State::Recorded(_))
    }
}

fn no_grad_fn(what: &str) -> Error {
    Error::autograd(AutogradError::NoGradFn, format!("{what}: the tensor does not require grad and has no grad_fn"))
}

impl std::fmt::Debug for Tensor {
    /// What it is, not what it holds: reading elements may take a wait.
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

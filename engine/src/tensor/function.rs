//! Differentiable calls: a function with a derivative, and the graph node that records one call of
//! it. Derivatives are written in tensor operations, so gradients of gradients need no extra code.
//! The walk from results to inputs is in `autograd`.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::tensor::{Inner, Storage};
use super::{Layout, Shape, Tensor};
use crate::device::{DType, Device};
use crate::{AutogradError, Error, Result};

/// A function with a derivative.
pub trait Function: 'static {
    /// Returns PyTorch's name of the operation, for errors, profiles and the graph.
    fn name(&self) -> &'static str;

    /// Returns the tensors that the derivative reads. Others are not kept alive for it.
    fn saves(&self) -> Saves;

    /// Computes the vector-Jacobian product: from `grad`, the gradient of the result, the gradient
    /// of every input; `None` for inputs without one. Inputs for which [`Vjp::needs`] is false may
    /// be left out.
    ///
    /// # Errors
    /// A saved tensor was freed or changed in place, or an operation of the derivative fails.
    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>>;
}

/// The tensors that a function saves for its derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saves {
    inputs: u64,
    output: bool,
}

impl Saves {
    /// Saves nothing; shapes are always known.
    pub const NOTHING: Self = Self { inputs: 0, output: false };
    /// Saves the first input.
    pub const INPUT: Self = Self::inputs(&[0]);
    /// Saves every input.
    pub const INPUTS: Self = Self { inputs: u64::MAX, output: false };
    /// Saves the result.
    pub const OUTPUT: Self = Self { inputs: 0, output: true };

    /// Saves these inputs.
    pub const fn inputs(which: &[usize]) -> Self {
        let (mut inputs, mut i) = (0, 0);
        while i < which.len() {
            inputs |= 1 << which[i];
            i += 1;
        }
        Self { inputs, output: false }
    }

    /// Saves the result as well.
    pub const fn and_output(self) -> Self {
        Self { inputs: self.inputs, output: true }
    }
}

/// A tensor as it was at the call: its storage, and the version the storage had.
struct SavedTensor {
    storage: Rc<Storage>,
    layout: Layout,
    versions: Rc<Cell<u64>>,
    version: u64,
}

impl SavedTensor {
    fn new(tensor: &Tensor) -> Self {
        Self {
            storage: tensor.storage().clone(),
            layout: tensor.layout().clone(),
            versions: tensor.versions().clone(),
            version: tensor.version(),
        }
    }

    fn unpack(&self, name: &'static str) -> Result<Tensor> {
        let now = self.versions.get();
        if now != self.version {
            return Err(Error::autograd(
                AutogradError::InplaceModifiedSaved,
                format!(
                    "one of the variables needed for gradient computation has been modified by an in-place operation: \
                     a tensor of shape {} saved by {name} is at version {now}, expected version {}",
                    self.layout.shape, self.version
                ),
            ));
        }
        Ok(Tensor::over(self.storage.clone(), self.layout.clone(), self.versions.clone()))
    }
}

struct Saved {
    inputs: Vec<Option<SavedTensor>>,
    output: Option<SavedTensor>,
    /// Tensors that a user's function saved, each with its origin.
    more: Vec<(SavedTensor, Origin)>,
}

/// Origin of a tensor saved by a user's function.
pub enum Origin {
    /// An input, or a tensor of another history.
    Edge(Edge),
    /// Result of this very call, by index. An edge to the call itself would keep it alive for ever.
    Output(usize),
}

/// Destination of an input's gradient.
#[derive(Clone)]
pub enum Edge {
    /// No destination: the input needs no gradient.
    None,
    /// The call that made the input.
    Node(Rc<Node>),
    /// The `grad` of a leaf.
    Leaf(Tensor),
}

/// A function called with a gradient; it may return a replacement.
pub type Hook = Rc<dyn Fn(&Tensor) -> Result<Option<Tensor>>>;

/// A recorded call of a function, for the backward pass.
pub struct Node {
    function: Rc<dyn Function>,
    edges: RefCell<Vec<Edge>>,
    shapes: Vec<Shape>,
    saved: RefCell<Option<Saved>>,
    seq: u64,
    output: (Shape, DType, Device),
    pub(crate) hooks: RefCell<Vec<(u64, Hook)>>,
    pub(crate) retained: RefCell<Vec<Weak<Inner>>>,
}

thread_local! {
    static SEQ: Cell<u64> = const { Cell::new(0) };
}

impl Node {
    /// Records that `function` made `output` of `inputs`.
    pub fn link(function: Rc<dyn Function>, inputs: &[&Tensor], output: &Tensor) {
        Self::link_saving(function, inputs, output, Vec::new());
    }

    /// Records the call and saves further tensors.
    pub(crate) fn link_saving(
        function: Rc<dyn Function>,
        inputs: &[&Tensor],
        output: &Tensor,
        more: Vec<(&Tensor, Origin)>,
    ) {
        let saves = function.saves();
        let saved = Saved {
            inputs: inputs
                .iter()
                .enumerate()
                .map(|(i, t)| (saves.inputs >> i.min(63) & 1 == 1).then(|| SavedTensor::new(t)))
                .collect(),
            output: (saves.output || more.iter().any(|(_, origin)| matches!(origin, Origin::Output(_))))
                .then(|| SavedTensor::new(output)),
            more: more.into_iter().map(|(t, origin)| (SavedTensor::new(t), origin)).collect(),
        };
        let node = Self {
            function,
            edges: RefCell::new(inputs.iter().map(|t| t.edge()).collect()),
            shapes: inputs.iter().map(|t| t.shape().clone()).collect(),
            saved: RefCell::new(Some(saved)),
            seq: SEQ.with(|s| s.replace(s.get() + 1)),
            output: (output.shape().clone(), output.dtype(), output.device()),
            hooks: RefCell::default(),
            retained: RefCell::default(),
        };
        output.set_node(Some(Rc::new(node)));
    }

    /// Returns the function's name.
    pub fn name(&self) -> &'static str {
        self.function.name()
    }

    /// Returns the sequence number of the call; backward visits calls in descending order.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the destinations of the inputs' gradients.
    pub fn edges(&self) -> Vec<Edge> {
        self.edges.borrow().clone()
    }

    /// Returns shape, type and device of the result.
    pub fn output(&self) -> &(Shape, DType, Device) {
        &self.output
    }

    /// Computes the gradients of the inputs from that of the result.
    pub(crate) fn vjp(self: &Rc<Self>, grad: &Tensor, needs: &[bool]) -> Result<Vec<Option<Tensor>>> {
        self.function.vjp(&Vjp { node: self, needs }, grad)
    }

    /// Marks the result as all of `tensor`, after a change in place.
    pub(crate) fn save_output_again(&self, tensor: &Tensor) {
        if let Some(saved) = self.saved.borrow_mut().as_mut()
            && saved.output.is_some()
        {
            saved.output = Some(SavedTensor::new(tensor));
        }
    }

    /// Frees the saved tensors; a second backward through this node is refused.
    pub(crate) fn free(&self) {
        self.saved.replace(None);
    }

    fn freed(&self) -> Error {
        let message = format!(
            "trying to backward through the graph a second time: what {} saved has been freed; pass retain_graph to \
             the first backward",
            self.name()
        );
        Error::autograd(AutogradError::GraphFreed, message)
    }

    fn unpack(&self, pick: impl FnOnce(&Saved) -> Option<&SavedTensor>, what: &str) -> Result<Tensor> {
        let saved = self.saved.borrow();
        let saved = saved.as_ref().ok_or_else(|| self.freed())?;
        let saved = pick(saved)
            .ok_or_else(|| Error::internal(format!("{} looks at {what} that it did not save", self.name())))?;
        saved.unpack(self.name())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Long graphs are dropped by a loop: recursion would overflow the stack.
        let mut waiting: Vec<Edge> = std::mem::take(self.edges.get_mut());
        while let Some(edge) = waiting.pop() {
            let Edge::Node(node) = edge else { continue };
            if let Ok(mut node) = Rc::try_unwrap(node) {
                waiting.append(node.edges.get_mut());
            }
        }
    }
}

/// The call being differentiated, as its derivative sees it.
pub struct Vjp<'a> {
    node: &'a Rc<Node>,
    needs: &'a [bool],
}

impl Vjp<'_> {
    /// Returns `true` if the gradient of this input is needed.
    pub fn needs(&self, input: usize) -> bool {
        self.needs.get(input).copied().unwrap_or(false)
    }

    /// Returns the shape of an input.
    pub fn shape(&self, input: usize) -> &Shape {
        &self.node.shapes[input]
    }

    /// Returns the number of inputs.
    pub fn inputs(&self) -> usize {
        self.node.shapes.len()
    }

    /// Returns a saved input.
    ///
    /// # Errors
    /// It was freed by an earlier backward, or changed in place since.
    pub fn input(&self, input: usize) -> Result<Tensor> {
        let edge = self.node.edges.borrow().get(input).cloned().unwrap_or(Edge::None);
        let tensor = self.node.unpack(|s| s.inputs.get(input).and_then(Option::as_ref), "an input")?;
        match edge {
            Edge::Leaf(leaf) => return Ok(leaf),
            Edge::Node(node) => tensor.set_node(Some(node)),
            Edge::None => {}
        }
        Ok(tensor)
    }

    /// Returns the saved result.
    ///
    /// # Errors
    /// It was freed by an earlier backward, or changed in place since.
    pub fn output(&self) -> Result<Tensor> {
        let tensor = self.node.unpack(|s| s.output.as_ref(), "the result")?;
        tensor.set_node(Some(self.node.clone()));
        Ok(tensor)
    }

    /// Returns a tensor saved by a user's function; `part` extracts a result from the node's joint
    /// one.
    pub(crate) fn saved(&self, part: &dyn Fn(usize, &Tensor) -> Result<Tensor>) -> Result<Vec<Tensor>> {
        let saved = self.node.saved.borrow();
        let saved = saved.as_ref().ok_or_else(|| self.node.freed())?;
        let restored = saved.more.iter().map(|(tensor, origin)| {
            let unpacked = tensor.unpack(self.node.name())?;
            match origin {
                Origin::Edge(Edge::None) => {}
                Origin::Edge(Edge::Leaf(leaf)) => return Ok(leaf.clone()),
                Origin::Edge(Edge::Node(node)) => unpacked.set_node(Some(node.clone())),
                Origin::Output(k) => return part(*k, &self.output()?),
            }
            Ok(unpacked)
        });
        restored.collect()
    }
}

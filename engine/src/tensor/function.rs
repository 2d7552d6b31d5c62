//! What makes a result differentiable: a function with a derivative, and the node that remembers one call of it.
//! Derivatives are written in tensor operations, so that gradients of gradients come for free. It knows how a
//! call is remembered, not how gradients are walked back: that is `autograd`.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::tensor::{Inner, Storage};
use super::{Layout, Shape, Tensor};
use crate::device::{DType, Device};
use crate::{AutogradError, Error, Result};

/// Something that has a derivative.
pub trait Function: 'static {
    /// PyTorch's name of the operation: in errors, profiles and the graph.
    fn name(&self) -> &'static str;

    /// What the derivative looks at. Anything else is not kept alive for it.
    fn saves(&self) -> Saves;

    /// The vector-Jacobian product: for `grad`, the gradient of the result, the gradient of every input; `None`
    /// for inputs without one. Inputs for which [`Vjp::needs`] is false may be left out.
    ///
    /// # Errors
    /// What was saved has been freed or changed; or the operations of the derivative refuse.
    fn vjp(&self, cx: &Vjp<'_>, grad: &Tensor) -> Result<Vec<Option<Tensor>>>;
}

/// What a function keeps for its derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saves {
    inputs: u64,
    output: bool,
}

impl Saves {
    /// Nothing: shapes are always known.
    pub const NOTHING: Self = Self { inputs: 0, output: false };
    /// The first input.
    pub const INPUT: Self = Self::inputs(&[0]);
    /// Every input.
    pub const INPUTS: Self = Self { inputs: u64::MAX, output: false };
    /// The result.
    pub const OUTPUT: Self = Self { inputs: 0, output: true };

    /// These inputs.
    pub const fn inputs(which: &[usize]) -> Self {
        let (mut inputs, mut i) = (0, 0);
        while i < which.len() {
            inputs |= 1 << which[i];
            i += 1;
        }
        Self { inputs, output: false }
    }

    /// The result too.
    pub const fn and_output(self) -> Self {
        Self { inputs: self.inputs, output: true }
    }
}

/// A tensor as it was when a function was called: its storage, and the version it had.
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
    /// What a function of the user's keeps, and where it came from.
    more: Vec<(SavedTensor, Origin)>,
}

/// Where a tensor came from that a function of the user's keeps.
pub enum Origin {
    /// From elsewhere: an input, or a tensor of another history.
    Edge(Edge),
    /// It is this result of the call. (An edge to the call itself would keep it alive for ever.)
    Output(usize),
}

/// Where the gradient of an input goes.
#[derive(Clone)]
pub enum Edge {
    /// Nowhere.
    None,
    /// To the call that made the input.
    Node(Rc<Node>),
    /// Into the `grad` of a leaf.
    Leaf(Tensor),
}

/// Called with a gradient; may give another in its place.
pub type Hook = Rc<dyn Fn(&Tensor) -> Result<Option<Tensor>>>;

/// One call of a function, remembered for backward.
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
    /// Remembers that `function` made `output` of `inputs`.
    pub fn link(function: Rc<dyn Function>, inputs: &[&Tensor], output: &Tensor) {
        Self::link_saving(function, inputs, output, Vec::new());
    }

    /// The same, keeping other tensors too.
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

    /// The function's name.
    pub fn name(&self) -> &'static str {
        self.function.name()
    }

    /// A number that grows with every call: the order in which backward walks.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Where the gradients of the inputs go.
    pub fn edges(&self) -> Vec<Edge> {
        self.edges.borrow().clone()
    }

    /// Shape, type and device of the result.
    pub fn output(&self) -> &(Shape, DType, Device) {
        &self.output
    }

    /// The gradients of the inputs, given the result's.
    pub(crate) fn vjp(self: &Rc<Self>, grad: &Tensor, needs: &[bool]) -> Result<Vec<Option<Tensor>>> {
        self.function.vjp(&Vjp { node: self, needs }, grad)
    }

    /// The result has become all of `tensor`, by a change in place.
    pub(crate) fn save_output_again(&self, tensor: &Tensor) {
        if let Some(saved) = self.saved.borrow_mut().as_mut()
            && saved.output.is_some()
        {
            saved.output = Some(SavedTensor::new(tensor));
        }
    }

    /// Forgets what was saved: another backward through it is refused.
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

/// What a derivative sees of the call it differentiates.
pub struct Vjp<'a> {
    node: &'a Rc<Node>,
    needs: &'a [bool],
}

impl Vjp<'_> {
    /// Whether the gradient of this input is wanted.
    pub fn needs(&self, input: usize) -> bool {
        self.needs.get(input).copied().unwrap_or(false)
    }

    /// The shape of an input.
    pub fn shape(&self, input: usize) -> &Shape {
        &self.node.shapes[input]
    }

    /// How many inputs there were.
    pub fn inputs(&self) -> usize {
        self.node.shapes.len()
    }

    /// An input that was saved.
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

    /// The result, if it was saved.
    ///
    /// # Errors
    /// It was freed by an earlier backward, or changed in place since.
    pub fn output(&self) -> Result<Tensor> {
        let tensor = self.node.unpack(|s| s.output.as_ref(), "the result")?;
        tensor.set_node(Some(self.node.clone()));
        Ok(tensor)
    }

    /// What a function of the user's kept; `part` takes a result out of the node's one.
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

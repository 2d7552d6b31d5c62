//! `backward` and `grad`: nodes are visited in descending order of their calls, each once, after
//! all gradients of its result have been accumulated. The walk is a loop with its own queue, so
//! depth costs no stack.

use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};
use std::rc::Rc;

use crate::tensor::{Edge, GradMode, Hook, Node, Shape, Tensor, is_grad_enabled};
use crate::{AutogradError, Error, Result, plan};

/// Options of a backward pass, with PyTorch's defaults.
#[derive(Clone, Debug, Default)]
pub struct Backward {
    gradient: Option<Tensor>,
    retain_graph: bool,
    create_graph: bool,
}

impl Backward {
    /// Sets the gradient of the tensor that backward starts from; required unless it has one
    /// element.
    #[must_use]
    pub fn gradient(mut self, gradient: &Tensor) -> Self {
        self.gradient = Some(gradient.clone());
        self
    }

    /// Retains the saved tensors, so that the graph can be walked again.
    #[must_use]
    pub fn retain_graph(mut self) -> Self {
        self.retain_graph = true;
        self
    }

    /// Records the computation of the gradients, for gradients of gradients; retains the graph.
    #[must_use]
    pub fn create_graph(mut self) -> Self {
        self.create_graph = true;
        self.retain_graph = true;
        self
    }

    /// Accumulates the gradients of `tensor` into the `grad` of the leaves it depends on.
    ///
    /// # Errors
    /// The rules of [`AutogradError`].
    pub fn run(&self, tensor: &Tensor) -> Result<()> {
        backward(&[(tensor.clone(), self.gradient.clone())], self)
    }
}

impl Tensor {
    /// Accumulates the gradients of this tensor, which has one element, into the `grad` of the
    /// leaves it depends on.
    /// [torch.Tensor.backward](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html)
    ///
    /// ```
    /// use kindling::{Device, Tensor, block_on};
    /// # fn main() -> kindling::Result<()> {
    /// let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0], [3], &Device::cpu())?.requires_grad_(true)?;
    /// x.mul(&x)?.sum()?.backward()?;
    /// let grad = x.grad().map(|g| block_on(g.to_vec::<f32>())).transpose()?;
    /// assert_eq!(grad, Some(vec![2.0, 4.0, 6.0]));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The rules of [`AutogradError`]; see [`Backward`] for other options.
    pub fn backward(&self) -> Result<()> {
        Backward::default().run(self)
    }
}

/// Accumulates the gradients of several tensors, each with its given gradient, into the `grad` of
/// the leaves they depend on, in one walk.
/// [torch.autograd.backward](https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html)
///
/// # Errors
/// The rules of [`AutogradError`].
pub fn backward(seeds: &[(Tensor, Option<Tensor>)], options: &Backward) -> Result<()> {
    Walk::new(options.clone(), None).run(seeds)?;
    Ok(())
}

/// Returns the gradients of `outputs` with respect to `inputs`, without changing any `grad`. An
/// input that no output depends on has none.
/// [torch.autograd.grad](https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html)
///
/// # Errors
/// The rules of [`AutogradError`]; with `allow_unused` false, an input that is not used.
pub fn grad(
    outputs: &[(&Tensor, Option<&Tensor>)],
    inputs: &[&Tensor],
    options: &Backward,
    allow_unused: bool,
) -> Result<Vec<Option<Tensor>>> {
    let seeds: Vec<(Tensor, Option<Tensor>)> =
        outputs.iter().map(|(output, grad)| ((*output).clone(), grad.cloned())).collect();
    for input in inputs {
        if !input.requires_grad() {
            return Err(no_grad_fn());
        }
    }
    let found = Walk::new(options.clone(), Some(inputs)).run(&seeds)?;
    if !allow_unused && found.iter().any(Option::is_none) {
        return Err(Error::autograd(
            AutogradError::GradUnused,
            "one of the differentiated tensors appears to not have been used in the graph; allow_unused gives None for it",
        ));
    }
    Ok(found)
}

fn no_grad_fn() -> Error {
    Error::autograd(AutogradError::NoGradFn, "a tensor does not require grad and does not have a grad_fn")
}

/// Orders nodes by call, the latest first.
struct Latest(Rc<Node>);

impl PartialEq for Latest {
    fn eq(&self, other: &Self) -> bool {
        self.0.seq() == other.0.seq()
    }
}

impl Eq for Latest {}

impl PartialOrd for Latest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Latest {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.seq().cmp(&other.0.seq())
    }
}

struct Walk {
    options: Backward,
    queue: BinaryHeap<Latest>,
    /// Gradients accumulated so far for the results of queued nodes, by call number.
    pending: HashMap<u64, Tensor>,
    /// Gradients accumulated so far for leaves, in the order of their first visit; delivered at the
    /// end, so that hooks see the sum.
    leaves: Vec<(Tensor, Tensor)>,
    /// Index of a leaf among them, by address.
    leaf_slots: HashMap<usize, usize>,
    /// Nodes and leaves requested by `grad`, with the slots of their gradients; `None` for
    /// `backward`.
    wanted: Option<Wanted>,
    /// For `grad`: leads to a requested node or leaf, by node.
    useful: HashMap<u64, bool>,
}

struct Wanted {
    nodes: HashMap<u64, Vec<usize>>,
    leaves: HashMap<usize, Vec<usize>>,
    found: Vec<Option<Tensor>>,
}

impl Walk {
    fn new(options: Backward, inputs: Option<&[&Tensor]>) -> Self {
        let wanted = inputs.map(|inputs| {
            let mut wanted = Wanted { nodes: HashMap::new(), leaves: HashMap::new(), found: vec![None; inputs.len()] };
            for (i, input) in inputs.iter().enumerate() {
                match input.edge() {
                    Edge::Node(node) => wanted.nodes.entry(node.seq()).or_default().push(i),
                    _ => wanted.leaves.entry(input.address()).or_default().push(i),
                }
            }
            wanted
        });
        Self {
            options,
            queue: BinaryHeap::new(),
            pending: HashMap::new(),
            leaves: Vec::new(),
            leaf_slots: HashMap::new(),
            wanted,
            useful: HashMap::new(),
        }
    }

    fn run(mut self, seeds: &[(Tensor, Option<Tensor>)]) -> Result<Vec<Option<Tensor>>> {
        let _mode = GradMode::set(self.options.create_graph);
        for (tensor, gradient) in seeds {
            let gradient = seed(tensor, gradient.as_ref())?;
            let edge = tensor.edge();
            if matches!(edge, Edge::None) {
                return Err(no_grad_fn());
            }
            if let (Edge::Node(node), Some(wanted)) = (&edge, &self.wanted) {
                mark_useful(node, wanted, &mut self.useful);
            }
            self.send(edge, gradient)?;
        }
        while let Some(Latest(node)) = self.queue.pop() {
            self.visit(&node)?;
        }
        for (leaf, grad) in std::mem::take(&mut self.leaves) {
            self.hand_over(&leaf, grad)?;
        }
        Ok(self.wanted.map(|wanted| wanted.found).unwrap_or_default())
    }

    fn visit(&mut self, node: &Rc<Node>) -> Result<()> {
        let Some(grad) = self.pending.remove(&node.seq()) else { return Ok(()) };
        let hooks = node.hooks.borrow().iter().map(|(_, hook)| hook.clone()).collect();
        let grad = hooked(hooks, grad)?;
        match &mut self.wanted {
            Some(wanted) => {
                for i in wanted.nodes.get(&node.seq()).into_iter().flatten() {
                    wanted.found[*i] = Some(grad.clone());
                }
            }
            None => {
                for tensor in node.retained.borrow().iter().filter_map(Tensor::upgrade) {
                    accumulate(&tensor, &grad)?;
                }
            }
        }
        let edges = node.edges();
        let needs: Vec<bool> = edges.iter().map(|edge| self.needs(edge)).collect();
        if !needs.iter().any(|n| *n) {
            return Ok(());
        }
        let grads = node.vjp(&grad, &needs)?;
        if !self.options.retain_graph {
            node.free();
        }
        for ((edge, need), grad) in edges.into_iter().zip(needs).zip(grads) {
            if let (true, Some(grad)) = (need, grad) {
                self.send(edge, grad)?;
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, leaf: &Tensor, grad: Tensor) -> Result<()> {
        let grad = hooked(leaf.leaf_hooks(), grad)?;
        match &mut self.wanted {
            // A leaf may have been frozen since it was used.
            None if leaf.requires_grad() => accumulate(leaf, &grad),
            None => Ok(()),
            Some(wanted) => {
                for i in wanted.leaves.get(&leaf.address()).into_iter().flatten() {
                    wanted.found[*i] = Some(grad.clone());
                }
                Ok(())
            }
        }
    }

    fn needs(&self, edge: &Edge) -> bool {
        match (edge, &self.wanted) {
            (Edge::None, _) => false,
            (_, None) => true,
            (Edge::Leaf(leaf), Some(wanted)) => wanted.leaves.contains_key(&leaf.address()),
            (Edge::Node(node), Some(_)) => self.useful.get(&node.seq()).copied().unwrap_or(false),
        }
    }

    fn send(&mut self, edge: Edge, grad: Tensor) -> Result<()> {
        match edge {
            Edge::None => {}
            Edge::Leaf(leaf) => match self.leaf_slots.entry(leaf.address()) {
                Entry::Occupied(slot) => {
                    let sum = &mut self.leaves[*slot.get()].1;
                    *sum = sum.add(&grad)?;
                }
                Entry::Vacant(slot) => {
                    slot.insert(self.leaves.len());
                    self.leaves.push((leaf, grad));
                }
            },
            Edge::Node(node) => {
                let sum = match self.pending.remove(&node.seq()) {
                    Some(sum) => sum.add(&grad)?,
                    None => {
                        self.queue.push(Latest(node.clone()));
                        grad
                    }
                };
                self.pending.insert(node.seq(), sum);
            }
        }
        Ok(())
    }
}

/// Applies the hooks of a tensor to its gradient.
fn hooked(hooks: Vec<Hook>, mut grad: Tensor) -> Result<Tensor> {
    for hook in hooks {
        if let Some(new) = hook(&grad)? {
            if new.shape() != grad.shape() {
                return Err(Error::autograd(
                    AutogradError::GradShapeMismatch,
                    format!("a hook gave a gradient of shape {} for one of shape {}", new.shape(), grad.shape()),
                ));
            }
            grad = new;
        }
    }
    Ok(grad)
}

/// Fills `useful` for everything that `node` leads to, by a loop.
fn mark_useful(node: &Rc<Node>, wanted: &Wanted, useful: &mut HashMap<u64, bool>) {
    let mut stack = vec![(node.clone(), false)];
    while let Some((node, children_done)) = stack.pop() {
        if !children_done && useful.contains_key(&node.seq()) {
            continue;
        }
        let edges = node.edges();
        if children_done {
            let leads = wanted.nodes.contains_key(&node.seq())
                || edges.iter().any(|edge| match edge {
                    Edge::Leaf(leaf) => wanted.leaves.contains_key(&leaf.address()),
                    Edge::Node(next) => useful.get(&next.seq()).copied().unwrap_or(false),
                    Edge::None => false,
                });
            useful.insert(node.seq(), leads);
            continue;
        }
        useful.insert(node.seq(), false);
        stack.push((node, true));
        stack.extend(edges.into_iter().filter_map(|edge| match edge {
            Edge::Node(next) if !useful.contains_key(&next.seq()) => Some((next, false)),
            _ => None,
        }));
    }
}

fn seed(tensor: &Tensor, gradient: Option<&Tensor>) -> Result<Tensor> {
    match gradient {
        Some(gradient) if gradient.shape() != tensor.shape() => Err(Error::autograd(
            AutogradError::GradShapeMismatch,
            format!("the gradient has shape {}, but the tensor has shape {}", gradient.shape(), tensor.shape()),
        )),
        Some(gradient) => Ok(gradient.clone()),
        None if !tensor.requires_grad() => Err(no_grad_fn()),
        None if tensor.numel() != 1 => Err(Error::autograd(
            AutogradError::GradOfNonScalar,
            format!("grad can be implicitly created only for scalar outputs; this one has shape {}", tensor.shape()),
        )),
        None => plan::one(tensor, || tensor.ones_like()),
    }
}

/// Computes `tensor.grad += grad`: in place, as PyTorch does, unless the sum itself is to be
/// differentiated.
fn accumulate(tensor: &Tensor, grad: &Tensor) -> Result<()> {
    let shape: &Shape = tensor.shape();
    if grad.shape() != shape {
        return Err(Error::internal(format!("a gradient of shape {} for a tensor of shape {shape}", grad.shape())));
    }
    match tensor.grad() {
        Some(sum) if is_grad_enabled() => tensor.set_grad(Some(sum.add(grad)?)),
        Some(sum) => sum.copy_(&sum.add(grad)?)?,
        None if grad.requires_grad() => tensor.set_grad(Some(grad.copy()?)),
        // Others may hold this gradient; a copy lets both be changed independently.
        None => tensor.set_grad(Some(grad.contiguous()?.alone())),
    }
    Ok(())
}

//! The graph of a forward pass, and its conversion to a sequence of layers.
//!
//! A sum of two paths is a residual block, a concatenation of paths a block of its branches.

use std::collections::HashMap;

use super::super::kind::{Branches, Kind, Sequence};
use super::super::limits::check_depth;
use super::super::{LayerSpec, TextError};
use super::fault;
use crate::nn::Identity;
use crate::nn::residual::SHORTCUT_NAME;

/// Common names of shortcuts.
const SHORTCUTS: &[&str] = &[SHORTCUT_NAME, "shortcut", "skip", "identity", "residual", "proj", "projection"];

/// Maximum number of concatenations, and of tensors in one.
const MAX_CONCATS: usize = 1000;

/// A layer, with the lines of it and of all layers inside.
#[derive(Clone, Debug)]
pub struct Item {
    /// Layer.
    pub layer: LayerSpec,
    /// Lines, in the order of a summary's rows.
    pub lines: Vec<usize>,
}

/// A node.
#[derive(Debug)]
struct Node {
    operation: Operation,
    inputs: Vec<usize>,
    line: usize,
    /// Last node before this one on all paths to it, and the depth in the tree of such nodes.
    dominator: usize,
    depth: usize,
    /// Node whose storage this one shares; its own index otherwise.
    storage: usize,
}

#[derive(Debug)]
enum Operation {
    Input,
    Layer(Item),
    Add,
    Concat,
}

/// Graph of a forward pass; node 0 is the input.
#[derive(Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    /// Nodes that share the storage of another, by that one.
    views: HashMap<usize, Vec<usize>>,
    /// Lists that were concatenated, and the nodes of their results.
    concats: Vec<(Vec<usize>, usize)>,
}

impl Item {
    /// Creates a layer of one line.
    pub fn new(name: Option<String>, kind: Kind, line: usize) -> Self {
        Self { layer: LayerSpec { name, kind }, lines: vec![line] }
    }

    /// Creates a block of layers.
    pub fn block(name: Option<String>, kind: Kind, line: usize, inner: Vec<usize>) -> Self {
        Self { layer: LayerSpec { name, kind }, lines: [vec![line], inner].concat() }
    }
}

impl Graph {
    /// Creates a graph with only its input.
    pub fn new() -> Self {
        let input =
            Node { operation: Operation::Input, inputs: Vec::new(), line: 0, dominator: 0, depth: 0, storage: 0 };
        Self { nodes: vec![input], views: HashMap::new(), concats: Vec::new() }
    }

    /// Adds a layer. Returns its node.
    pub fn layer(&mut self, item: Item, input: usize) -> usize {
        let line = item.lines.first().copied().unwrap_or_default();
        self.push(Operation::Layer(item), vec![input], line)
    }

    /// Adds a sum. Returns its node.
    pub fn add(&mut self, inputs: [usize; 2], line: usize) -> usize {
        self.push(Operation::Add, inputs.to_vec(), line)
    }

    /// Adds a concatenation along dimension 1. Returns its node.
    ///
    /// A list that begins with an earlier one, as the growing lists of DenseNet do, continues that
    /// one's result.
    ///
    /// # Errors
    /// There are too many.
    pub fn concat(&mut self, list: Vec<usize>, line: usize) -> Result<usize, TextError> {
        if let [only] = *list {
            return Ok(only);
        }
        let earlier = self.concats.iter().filter(|known| list.starts_with(&known.0)).max_by_key(|known| known.0.len());
        let inputs = match earlier {
            Some((known, node)) => [&[*node], &list[known.len()..]].concat(),
            None => list.clone(),
        };
        if self.concats.len().max(list.len()) >= MAX_CONCATS {
            return Err(fault(line, format!("more than {MAX_CONCATS} tensors or times are concatenated")));
        }
        let node = self.push(Operation::Concat, inputs, line);
        self.concats.push((list, node));
        Ok(node)
    }

    fn push(&mut self, operation: Operation, inputs: Vec<usize>, line: usize) -> usize {
        let common = inputs.iter().copied().reduce(|a, b| self.common(a, b)).unwrap_or_default();
        let depth = self.nodes[common].depth + 1;
        let number = self.nodes.len();
        let storage = if is_view(&operation) { self.nodes[common].storage } else { number };
        if storage != number {
            self.views.entry(storage).or_default().push(number);
        }
        self.nodes.push(Node { operation, inputs, line, dominator: common, depth, storage });
        number
    }

    /// Returns all nodes that share a node's storage, and the node.
    pub fn shared(&self, node: usize) -> Vec<usize> {
        let storage = self.nodes[node].storage;
        let views = self.views.get(&storage).map(Vec::as_slice).unwrap_or_default();
        [&[storage], views].concat()
    }

    /// Returns the last node on all paths to both nodes.
    fn common(&self, mut a: usize, mut b: usize) -> usize {
        while a != b {
            if self.nodes[a].depth >= self.nodes[b].depth {
                a = self.nodes[a].dominator;
            } else {
                b = self.nodes[b].dominator;
            }
        }
        a
    }

    /// Returns the layers from the input to a node.
    ///
    /// # Errors
    /// Paths do not nest: an output is used twice, other than by the two terms of one sum.
    pub fn layers(&self, to: usize) -> Result<Vec<Item>, TextError> {
        let mut used = vec![false; self.nodes.len()];
        self.sequence(0, to, 0, &mut used)
    }

    fn sequence(&self, from: usize, to: usize, depth: usize, used: &mut [bool]) -> Result<Vec<Item>, TextError> {
        let mut items = Vec::new();
        let mut at = to;
        check_depth(depth).map_err(|why| fault(self.nodes[to].line, why))?;
        while at != from {
            let node = &self.nodes[at];
            if std::mem::replace(&mut used[at], true) {
                let why = "its result is used twice, by ways that do not meet in one sum or concatenation: such a network is no sequence";
                return Err(fault(node.line, why));
            }
            match &node.operation {
                Operation::Input => return Err(fault(node.line, "the input is not reached")),
                Operation::Layer(item) => items.push(item.clone()),
                Operation::Add => {
                    let [left, right] = [node.inputs[0], node.inputs[1]];
                    let left = self.sequence(node.dominator, left, depth + 1, used)?;
                    let right = self.sequence(node.dominator, right, depth + 1, used)?;
                    items.push(residual(left, right, node.line));
                }
                Operation::Concat => {
                    let branch = |input: &usize| self.sequence(node.dominator, *input, depth + 1, used);
                    let branches = node.inputs.iter().map(branch).collect::<Result<Vec<_>, _>>()?;
                    items.push(concat(branches, node.line));
                }
            }
            at = node.dominator;
        }
        items.reverse();
        Ok(with_activations(items))
    }
}

/// Returns `true` if the output shares the storage of the input.
fn is_view(operation: &Operation) -> bool {
    let Operation::Layer(item) = operation else { return false };
    matches!(
        item.layer.kind,
        Kind::Flatten(_) | Kind::Unflatten(_) | Kind::Transpose(_) | Kind::Select(_) | Kind::Identity(_)
    )
}

/// Creates the residual block of a sum of two paths.
fn residual(left: Vec<Item>, right: Vec<Item>, line: usize) -> Item {
    let is_shortcut = |items: &[Item]| match items {
        [item] => item.layer.name.as_deref().is_some_and(|name| SHORTCUTS.contains(&name)),
        items => items.is_empty(),
    };
    let swap = !is_shortcut(&right) && (is_shortcut(&left) || left.len() < right.len());
    let (body, mut shortcut) = if swap { (right, left) } else { (left, right) };
    let shortcut_name = match shortcut.as_mut_slice() {
        [] => SHORTCUT_NAME.to_owned(),
        [item] => match item.layer.name.replace(String::new()) {
            Some(name) if !name.is_empty() => name,
            _ => String::new(),
        },
        _ => String::new(),
    };
    // A sequence under the shortcut's name becomes its list of layers.
    if let [Item { layer: LayerSpec { kind: Kind::Sequential(sequence), .. }, lines }] = shortcut.as_mut_slice() {
        let (layers, lines) = (std::mem::take(&mut sequence.layers), lines.split_off(1));
        let (body, body_lines) = joined(body);
        let branches = Branches { body, shortcut: layers, shortcut_name, activation: None };
        return Item::block(Some(String::new()), branches.into(), line, [body_lines, lines].concat());
    }
    let ((body, body_lines), (shortcut, lines)) = (joined(body), joined(shortcut));
    let branches = Branches { body, shortcut, shortcut_name, activation: None };
    Item::block(Some(String::new()), branches.into(), line, [body_lines, lines].concat())
}

/// Creates the block of a concatenation of paths.
fn concat(paths: Vec<Vec<Item>>, line: usize) -> Item {
    let branch = |mut items: Vec<Item>| match items.pop() {
        None => Item::new(None, Identity {}.into(), line),
        Some(item) if items.is_empty() => item,
        Some(last) => {
            items.push(last);
            let (layers, lines) = joined(items);
            Item::block(Some(String::new()), Sequence { layers }.into(), line, lines)
        }
    };
    let (layers, lines) = joined(paths.into_iter().map(branch).collect());
    Item::block(Some(String::new()), Kind::Concat(Sequence { layers }), line, lines)
}

/// Moves each unnamed activation into the sum before it.
fn with_activations(items: Vec<Item>) -> Vec<Item> {
    let mut found: Vec<Item> = Vec::new();
    for item in items {
        if item.layer.name.is_none()
            && is_activation(&item.layer.kind)
            && let Some(Item { layer: LayerSpec { kind: Kind::Residual(branches), .. }, .. }) = found.last_mut()
            && branches.activation.is_none()
        {
            branches.activation = Some(Box::new(item.layer.kind));
            continue;
        }
        found.push(item);
    }
    found
}

/// Returns `true` for elementwise layers.
pub fn is_activation(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::ReLU(_)
            | Kind::ReLU6(_)
            | Kind::LeakyReLU(_)
            | Kind::ELU(_)
            | Kind::CELU(_)
            | Kind::SELU(_)
            | Kind::GELU(_)
            | Kind::SiLU(_)
            | Kind::Mish(_)
            | Kind::Hardswish(_)
            | Kind::Hardtanh(_)
            | Kind::Softsign(_)
            | Kind::Sigmoid(_)
            | Kind::Tanh(_)
    )
}

/// Joins the layers of a list, and their lines. Names equal to a layer's index are dropped; unnamed
/// layers whose index is a name get another one.
pub fn joined(items: Vec<Item>) -> (Vec<LayerSpec>, Vec<usize>) {
    let taken: Vec<Option<String>> = items.iter().map(|item| item.layer.name.clone()).collect();
    let is_taken = |name: &str| taken.iter().any(|known| known.as_deref() == Some(name));
    let (mut layers, mut lines) = (Vec::new(), Vec::new());
    for (i, item) in items.into_iter().enumerate() {
        let mut layer = item.layer;
        match &layer.name {
            Some(name) if *name == i.to_string() => layer.name = None,
            None if is_taken(&i.to_string()) => {
                let stem = layer.kind.name().to_ascii_lowercase();
                layer.name = (1..).map(|n| format!("{stem}{n}")).find(|name| {
                    !is_taken(name) && layers.iter().all(|other: &LayerSpec| other.name.as_ref() != Some(name))
                });
            }
            _ => {}
        }
        layers.push(layer);
        lines.extend(item.lines);
    }
    (layers, lines)
}

/// Joins a module's layers to one: a block that is only a sum or a concatenation becomes that.
pub fn group(items: Vec<Item>) -> (Kind, Vec<usize>) {
    let (mut layers, mut lines) = joined(items);
    match layers.pop() {
        Some(LayerSpec { name: Some(name), kind: kind @ (Kind::Residual(_) | Kind::Concat(_)) })
            if layers.is_empty() && name.is_empty() =>
        {
            (kind, lines.split_off(1))
        }
        last => {
            layers.extend(last);
            (Sequence { layers }.into(), lines)
        }
    }
}

//! A model as a graph: its computations, each with the values that it reads, in the order of
//! execution. Building, shape inference and exports walk it; they know no blocks of layers.

use std::ops::Range;

use super::kind::{Branches, Kind};
use super::{LayerSpec, ModelSpec, limits};
use crate::{Error, Result};

/// A model as a graph, which borrows the specification's layers.
///
/// ```
/// use kindling::train::ModelSpec;
/// use kindling::train::model::Operation;
/// # fn main() -> kindling::Result<()> {
/// let model = ModelSpec::from_text("block", &[4], "
///     Residual {
///         fc: Linear(4, 4)
///     }
/// ")?;
/// let graph = model.graph()?;
/// let names: Vec<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
/// assert_eq!(names, ["input", "0.fc", "0"]);
/// assert_eq!(graph.nodes[2].operation, Operation::Add);
/// assert_eq!(graph.nodes[2].inputs, [1, 0]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ModelGraph<'a> {
    /// Computations in the order of execution: each reads only values of earlier nodes. The first
    /// is the model's input, and the last computes its output.
    pub nodes: Vec<ModelNode<'a>>,
    /// Layers in the order of the text, blocks before the layers in them.
    pub layers: Vec<GraphLayer<'a>>,
}

/// A computation of a model; its index in [`ModelGraph::nodes`] names the value it computes.
#[derive(Clone, Debug)]
pub struct ModelNode<'a> {
    /// Full name, such as `layer1.0.conv1`: the prefix of its parameters. A sum has its block's.
    pub name: String,
    /// Operation.
    pub operation: Operation<'a>,
    /// Indices of the nodes whose values it reads.
    pub inputs: Vec<usize>,
}

/// The operation of a [`ModelNode`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation<'a> {
    /// The model's input.
    Input,
    /// A layer, applied to one value.
    Layer(&'a Kind),
    /// Sum of two values of equal shapes.
    Add,
    /// Values concatenated along dimension 1.
    Concat,
}

/// A layer or a block of layers, with its nodes.
#[derive(Clone, Debug)]
pub struct GraphLayer<'a> {
    /// Full name, such as `layer1.0`.
    pub name: String,
    /// Name within its block; empty if its parameters are named as those of the block.
    pub local_name: String,
    /// Specification; `None` for the shortcut of a residual block.
    pub spec: Option<&'a LayerSpec>,
    /// Index of the block that contains it.
    pub parent: Option<usize>,
    /// Index of the node whose value it receives.
    pub input: usize,
    /// Its nodes; those of a block include the nodes of its layers.
    pub nodes: Range<usize>,
    /// Index of the node whose value it returns.
    pub output: usize,
}

impl ModelSpec {
    /// Returns the model's graph. Shapes are not checked.
    ///
    /// # Errors
    /// Blocks are nested too deeply, or there are too many layers.
    pub fn graph(&self) -> Result<ModelGraph<'_>> {
        limits::check(&self.layers).map_err(|why| Error::value("model", why))?;
        Ok(ModelGraph::new(self))
    }
}

impl<'a> ModelGraph<'a> {
    /// Creates the graph of a model within the limits of nesting.
    pub(super) fn new(model: &'a ModelSpec) -> Self {
        let mut graph = Self { nodes: Vec::new(), layers: Vec::new() };
        let input = graph.node("input", Operation::Input, Vec::new());
        graph.sequence(None, "", &model.layers, input);
        graph
    }

    /// Returns the layers and blocks directly in a block, or in the model.
    pub fn children(&self, parent: Option<usize>) -> impl Iterator<Item = usize> {
        let first = parent.map_or(0, |block| block + 1);
        (first..self.layers.len()).filter(move |i| self.layers[*i].parent == parent)
    }

    /// Returns the innermost layer or block that a node belongs to; `None` for the input.
    pub fn owner(&self, node: usize) -> Option<usize> {
        self.layers.iter().rposition(|layer| layer.nodes.contains(&node))
    }

    /// Returns the number of blocks around a layer.
    pub fn depth(&self, layer: usize) -> usize {
        let parents = std::iter::successors(self.layers[layer].parent, |block| self.layers[*block].parent);
        parents.filter(|block| self.layers[*block].spec.is_some()).count()
    }

    /// Returns, for every value, the index of the last node that reads it; for values that no node
    /// reads, its own.
    pub fn last_reads(&self) -> Vec<usize> {
        let mut last: Vec<usize> = (0..self.nodes.len()).collect();
        for (i, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|input| last[*input] = i);
        }
        last
    }

    fn node(&mut self, name: impl Into<String>, operation: Operation<'a>, inputs: Vec<usize>) -> usize {
        self.nodes.push(ModelNode { name: name.into(), operation, inputs });
        self.nodes.len() - 1
    }

    /// Adds layers in sequence. Returns the index of the value of the last.
    fn sequence(&mut self, parent: Option<usize>, prefix: &str, layers: &'a [LayerSpec], input: usize) -> usize {
        layers.iter().enumerate().fold(input, |value, layer| self.layer(parent, prefix, layer, value))
    }

    /// Adds a layer of a list. Returns the index of its value.
    fn layer(&mut self, parent: Option<usize>, prefix: &str, (i, spec): (usize, &'a LayerSpec), input: usize) -> usize {
        self.entry(parent, prefix, spec.name_at(i), input, Some(spec), |graph, at, name| match &spec.kind {
            Kind::Sequential(sequence) => graph.sequence(Some(at), name, &sequence.layers, input),
            Kind::Concat(branches) => {
                let branches = branches.layers.iter().enumerate();
                let outputs = branches.map(|branch| graph.layer(Some(at), name, branch, input)).collect();
                graph.node(name, Operation::Concat, outputs)
            }
            Kind::Residual(branches) => graph.residual(at, name, branches, input),
            kind => graph.node(name, Operation::Layer(kind), vec![input]),
        })
    }

    /// Adds an entry to the layers, whose nodes `add` adds. Returns the index of its value.
    fn entry(
        &mut self,
        parent: Option<usize>,
        prefix: &str,
        local_name: String,
        input: usize,
        spec: Option<&'a LayerSpec>,
        add: impl FnOnce(&mut Self, usize, &str) -> usize,
    ) -> usize {
        let (at, start) = (self.layers.len(), self.nodes.len());
        let name = joined(prefix, &local_name);
        let (nodes, output) = (start..start, input);
        self.layers.push(GraphLayer { name: name.clone(), local_name, spec, parent, input, nodes, output });
        let output = add(self, at, &name);
        let end = self.nodes.len();
        let layer = &mut self.layers[at];
        (layer.nodes.end, layer.output) = (end, output);
        output
    }

    /// Adds activation(body(x) + shortcut(x)).
    fn residual(&mut self, at: usize, name: &str, branches: &'a Branches, input: usize) -> usize {
        let body = self.sequence(Some(at), name, &branches.body, input);
        let mut skipped = input;
        if !branches.shortcut.is_empty() {
            let local_name = branches.shortcut_name.clone();
            skipped = self.entry(Some(at), name, local_name, input, None, |graph, shortcut, name| {
                graph.sequence(Some(shortcut), name, &branches.shortcut, input)
            });
        }
        let sum = self.node(name, Operation::Add, vec![body, skipped]);
        match branches.activation.as_deref() {
            Some(activation) => self.node(joined(name, "relu"), Operation::Layer(activation), vec![sum]),
            None => sum,
        }
    }
}

/// Joins the names of a block and of a layer in it.
fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() || name.is_empty() { format!("{prefix}{name}") } else { format!("{prefix}.{name}") }
}

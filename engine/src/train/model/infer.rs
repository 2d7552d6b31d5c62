//! Shape inference through a model, layer by layer, without a device.

use std::collections::HashSet;

use super::graph::Operation;
use super::kind::{Kind, leaves_mut};
use super::{LayerSpec, ModelGraph, ModelSpec, limits};
use crate::nn::{product, times};

/// Shapes and parameters of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Full name, such as `layer1.0.conv1`.
    pub name: String,
    /// Name of the layer's type.
    pub kind: &'static str,
    /// Number of blocks around the layer.
    pub depth: usize,
    /// Shape of the input, without the batch dimension.
    pub input: Vec<usize>,
    /// Shape of the output, or the error.
    pub output: Result<Vec<usize>, String>,
    /// Number of parameters, including those of layers inside.
    pub parameters: usize,
}

/// Shapes and parameters of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Layers in order, blocks before their layers; up to the first that does not fit.
    pub rows: Vec<Row>,
    /// Shape of the model's output, if all layers fit.
    pub output: Option<Vec<usize>>,
    /// Number of parameters.
    pub parameters: usize,
    /// Error of the first layer that does not fit.
    pub error: Option<String>,
}

/// A shape, and the shape it was flattened from.
#[derive(Clone, Debug)]
struct Flow {
    shape: Vec<usize>,
    flattened: Option<Vec<usize>>,
}

impl ModelSpec {
    /// Infers the shapes and parameters of all layers.
    pub fn summary(&self) -> Summary {
        let parameters = match self.check_sizes() {
            Ok(parameters) => parameters,
            Err(why) => return Summary { rows: Vec::new(), output: None, parameters: 0, error: Some(why) },
        };
        let graph = ModelGraph::new(self);
        let (mut flows, failure) = self.flows(&graph);
        // The failing node is the first without a shape.
        let failed = failure.map(|why| (flows.len(), graph.owner(flows.len()), why));
        let rows = graph.layers.iter().enumerate().filter_map(|(i, layer)| {
            let kind = &layer.spec?.kind;
            let output = match &failed {
                Some((node, ..)) if layer.nodes.start > *node => return None,
                Some((node, owner, why)) if layer.nodes.contains(node) => {
                    Err(if *owner == Some(i) { why.clone() } else { "has a layer that does not fit".into() })
                }
                _ => Ok(flows[layer.output].shape.clone()),
            };
            Some(Row {
                name: layer.name.clone(),
                kind: kind.name(),
                depth: graph.depth(i),
                input: flows[layer.input].shape.clone(),
                output,
                // Does not overflow: the number of the whole model was checked.
                parameters: kind.parameters() as usize,
            })
        });
        let rows = rows.collect();
        let error = failed.as_ref().map(|(_, owner, why)| {
            let owner = owner.and_then(|owner| Some((&graph.layers[owner].name, &graph.layers[owner].spec?.kind)));
            owner.map_or_else(|| why.clone(), |(name, kind)| format!("{} {why}", titled(name, kind)))
        });
        let output = if error.is_none() { flows.pop().map(|flow| flow.shape) } else { None };
        Summary { rows, output, parameters, error }
    }

    /// Returns the shapes of all values of the model's graph, without the batch dimension.
    ///
    /// # Errors
    /// As [`ModelSpec::check`].
    pub fn shapes(&self, graph: &ModelGraph<'_>) -> crate::Result<Vec<Vec<usize>>> {
        self.check()?;
        Ok(self.flows(graph).0.into_iter().map(|flow| flow.shape).collect())
    }

    /// Infers the values of the nodes up to the first that does not fit, and its error.
    fn flows(&self, graph: &ModelGraph<'_>) -> (Vec<Flow>, Option<String>) {
        let mut flows = Vec::with_capacity(graph.nodes.len());
        for node in 0..graph.nodes.len() {
            match self.flow(graph, node, &flows) {
                Ok(flow) => flows.push(flow),
                Err(why) => return (flows, Some(why)),
            }
        }
        (flows, None)
    }

    /// Infers the value of a node from those of the nodes before it.
    fn flow(&self, graph: &ModelGraph<'_>, node: usize, flows: &[Flow]) -> Result<Flow, String> {
        match (graph.nodes[node].operation, graph.nodes[node].inputs.as_slice()) {
            (Operation::Layer(kind), [input]) => single(kind, &flows[*input]),
            (Operation::Add, [body, skipped]) => {
                let (sum, other) = (&flows[*body], &flows[*skipped].shape);
                if sum.shape == *other {
                    return Ok(sum.clone());
                }
                let is_identity = graph.owner(node).is_some_and(|block| graph.layers[block].input == *skipped);
                let what = if is_identity { "the input is" } else { "the shortcut gives" };
                Err(format!(
                    "adds {} to {}: the body gives the former, {what} the latter; they must be equal",
                    times(&sum.shape),
                    times(other)
                ))
            }
            (Operation::Concat, inputs) => {
                let shapes: Vec<Vec<usize>> = inputs.iter().map(|input| flows[*input].shape.clone()).collect();
                Ok(Flow { shape: concatenated(&shapes).and_then(within_limits)?, flattened: None })
            }
            _ => Ok(Flow { shape: self.input.clone(), flattened: None }),
        }
    }

    /// Checks the input, the limits and the names. Returns the number of parameters.
    fn check_sizes(&self) -> Result<usize, String> {
        limits::check(&self.layers)?;
        if self.input.is_empty() || self.input.contains(&0) {
            let shape = if self.input.is_empty() { "none".to_owned() } else { times(&self.input) };
            return Err(format!("the input's shape is {shape}; it needs sizes of at least 1"));
        }
        if let Some(twice) = duplicate(&self.layers) {
            return Err(format!("two layers are named {twice}"));
        }
        let parameters = self.layers.iter().fold(0, |sum: u128, layer| sum.saturating_add(layer.kind.parameters()));
        if parameters > limits::MAX_PARAMETERS {
            return Err(format!("the model has {parameters} parameters, more than {}", limits::MAX_PARAMETERS));
        }
        usize::try_from(parameters).map_err(|_| format!("the model has {parameters} parameters, which is too many"))
    }

    /// Returns the model with all inferred sizes set: `in_features`, `in_channels`, `num_features`
    /// and the like.
    #[must_use]
    pub fn fitted(&self) -> Self {
        let mut fitted = self.clone();
        if limits::check(&self.layers).is_err() {
            return fitted;
        }
        let mut leaves = Vec::new();
        leaves_mut(&mut fitted.layers, &mut leaves);
        let mut leaves = leaves.into_iter();
        let mut shapes: Vec<Vec<usize>> = Vec::new();
        for node in &ModelGraph::new(self).nodes {
            let input = node.inputs.first().map_or(&self.input, |input| &shapes[*input]);
            let shape = match node.operation {
                Operation::Layer(_) => {
                    let Some(layer) = leaves.next().and_then(|kind| kind.layer_mut()) else { break };
                    layer.fit(input);
                    layer.output(input)
                }
                Operation::Concat => {
                    let outputs: Vec<Vec<usize>> = node.inputs.iter().map(|output| shapes[*output].clone()).collect();
                    concatenated(&outputs)
                }
                Operation::Input | Operation::Add => Ok(input.clone()),
            };
            let Ok(shape) = shape else { break };
            shapes.push(shape);
        }
        fitted
    }
}

/// Returns a name that two layers of one list have.
fn duplicate(layers: &[LayerSpec]) -> Option<String> {
    let mut known = HashSet::new();
    let mut names = layers.iter().enumerate().map(|(i, layer)| layer.name_at(i));
    let here = names.find(|name| !name.is_empty() && !known.insert(name.clone()));
    here.or_else(|| layers.iter().flat_map(|layer| layer.kind.branches()).find_map(duplicate))
}

/// Returns the shape of outputs concatenated along their first dimension.
fn concatenated(shapes: &[Vec<usize>]) -> Result<Vec<usize>, String> {
    let (first, rest) = shapes.split_first().ok_or("has no layers, whose outputs it concatenates; add some")?;
    let mut whole = first.clone();
    for shape in rest {
        match (whole.split_first_mut(), shape.split_first()) {
            (Some((sum, sides)), Some((size, others))) if sides == others => *sum = sum.saturating_add(*size),
            _ => {
                let (first, shape) = (times(first), times(shape));
                return Err(format!("concatenates {first} and {shape}, which must be equal after the first size"));
            }
        }
    }
    Ok(whole)
}

/// Returns a layer's full name, with its type if the name is a number.
fn titled(path: &str, kind: &Kind) -> String {
    let is_number = path.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    match path {
        "" => kind.name().to_owned(),
        path if is_number => format!("{path} ({})", kind.name()),
        path => path.to_owned(),
    }
}

/// Infers the output of a layer other than a block.
fn single(kind: &Kind, flow: &Flow) -> Result<Flow, String> {
    let Some(layer) = kind.layer() else { return Err("cannot follow a sum".into()) };
    match layer.output(&flow.shape) {
        Ok(shape) => {
            let shape = within_limits(shape)?;
            let flattened = match kind {
                Kind::Flatten(_) if shape.len() == 1 && flow.shape.len() > 1 => Some(flow.shape.clone()),
                _ if shape == flow.shape => flow.flattened.clone(),
                _ => None,
            };
            Ok(Flow { shape, flattened })
        }
        Err(why) => Err(match &flow.flattened {
            Some(before) => format!("{why} = {}", times(before)),
            None => why,
        }),
    }
}

/// Returns the shape of an output.
///
/// # Errors
/// It has too many elements.
fn within_limits(shape: Vec<usize>) -> Result<Vec<usize>, String> {
    let elements = product(&shape);
    if elements > limits::MAX_ELEMENTS {
        let most = limits::MAX_ELEMENTS;
        return Err(format!("gives {elements} elements a sample ({}), more than {most}", times(&shape)));
    }
    Ok(shape)
}

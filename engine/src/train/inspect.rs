//! Inspection of a training step: the batch, the output of every layer, its gradient, the
//! optimizer's change, and the autograd graph. The step itself is the same as without inspection.

use std::collections::HashMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::Model;
use crate::nn::Module;
use crate::tensor::{Edge, Node};
use crate::{Device, Error, Result, Tensor, no_grad, read_many};

/// Tensors of an inspected step.
pub(super) struct InspectedStep {
    step: u64,
    graph: Graph,
    lr: f64,
    inputs: Tensor,
    labels: Tensor,
    loss: Tensor,
    output: Tensor,
    layers: Vec<(String, Tensor)>,
    /// Parameters: name, value before the step, gradient.
    parameters: Vec<(String, Tensor, Option<Tensor>)>,
}

/// Details of an inspected step. Norms are Euclidean.
#[derive(Clone, Debug, PartialEq)]
pub struct StepDetails {
    /// Index of the step, from 1.
    pub step: u64,
    /// Learning rate of the step.
    pub lr: f64,
    /// Mean loss of the batch.
    pub loss: f64,
    /// Normalized inputs of the model, and their dimensions.
    pub inputs: (Vec<f32>, Vec<usize>),
    /// Class of each sample.
    pub labels: Vec<usize>,
    /// Prediction for each sample.
    pub predictions: Vec<usize>,
    /// Layers in order, also those without parameters.
    pub layers: Vec<LayerDetails>,
    /// Autograd graph.
    pub graph: Graph,
}

/// A layer in a step.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerDetails {
    /// Full name.
    pub name: String,
    /// Norm of its outputs.
    pub activation: f64,
    /// Norms of the layer's own parameters, their gradient and their change; `None` without
    /// parameters.
    pub parameters: Option<[f64; 3]>,
}

/// An autograd graph as plain data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// Functions and parameters; the first produced the loss.
    pub nodes: Vec<GraphNode>,
    /// Edges from a node to a receiver of its gradient.
    pub edges: Vec<[usize; 2]>,
}

/// A node of an autograd graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphNode {
    /// Name of the function or the parameter.
    pub name: String,
    /// Shape of its gradient.
    pub shape: Vec<usize>,
    /// `true` for a parameter.
    pub parameter: bool,
}

impl Graph {
    /// Builds the graph of a tensor; leaves have the names of these parameters.
    pub fn from_loss(loss: &Tensor, parameters: &[(String, Tensor)]) -> Self {
        let mut graph = Self::default();
        let Some(root) = loss.grad_fn() else { return graph };
        let mut known: HashMap<*const Node, usize> = HashMap::new();
        let mut leaves: Vec<(Tensor, usize)> = Vec::new();
        let mut waiting = vec![(root.clone(), graph.function(&root, &mut known))];
        while let Some((node, at)) = waiting.pop() {
            for edge in node.edges() {
                let to = match edge {
                    Edge::None => continue,
                    Edge::Node(next) => match known.get(&Rc::as_ptr(&next)) {
                        Some(to) => *to,
                        None => {
                            let to = graph.function(&next, &mut known);
                            waiting.push((next, to));
                            to
                        }
                    },
                    Edge::Leaf(leaf) => match leaves.iter().find(|(tensor, _)| tensor.is(&leaf)) {
                        Some((_, to)) => *to,
                        None => {
                            let named = parameters.iter().find(|(_, parameter)| parameter.is(&leaf));
                            let name = named.map_or_else(|| "leaf".to_owned(), |(name, _)| name.clone());
                            graph.nodes.push(GraphNode { name, shape: leaf.dims().to_vec(), parameter: true });
                            leaves.push((leaf, graph.nodes.len() - 1));
                            graph.nodes.len() - 1
                        }
                    },
                };
                graph.edges.push([at, to]);
            }
        }
        graph
    }

    fn function(&mut self, node: &Rc<Node>, known: &mut HashMap<*const Node, usize>) -> usize {
        let shape = node.output().0.to_vec();
        self.nodes.push(GraphNode { name: node.name().to_owned(), shape, parameter: false });
        known.insert(Rc::as_ptr(node), self.nodes.len() - 1);
        self.nodes.len() - 1
    }
}

/// Requests an inspection, and holds it.
#[derive(Default)]
pub(super) struct Inspector {
    is_requested: bool,
    inspected: Option<InspectedStep>,
}

impl Inspector {
    /// Requests the inspection of the next step.
    pub fn request(&mut self) {
        self.is_requested = true;
    }

    /// Returns `true` once for a request.
    pub fn take_request(&mut self) -> bool {
        std::mem::take(&mut self.is_requested)
    }

    pub fn store(&mut self, step: InspectedStep) {
        self.inspected = Some(step);
    }

    pub fn take(&mut self) -> Option<InspectedStep> {
        self.inspected.take()
    }
}

impl InspectedStep {
    /// Collects the tensors of step `step`, between backward and the optimizer: its inputs, labels,
    /// loss and output, the results of all layers, and the parameters.
    pub fn new(
        (step, lr): (u64, f64),
        graph: Graph,
        model: &Model,
        layers: Vec<(String, Tensor)>,
        tensors: [&Tensor; 4],
    ) -> Result<Self> {
        let before = model.state_dict()?;
        let saved = |(name, parameter): (String, Tensor)| {
            let value = before.get(&name).cloned();
            Some((name, value?, parameter.grad()))
        };
        let parameters = model.named_parameters().into_iter().filter_map(saved).collect();
        let layers = layers.into_iter().map(|(name, result)| (name, result.detach())).collect();
        let [inputs, labels, loss, output] = tensors.map(Tensor::detach);
        Ok(Self { step, graph, lr, inputs, labels, loss, output, layers, parameters })
    }

    /// Computes the details, given the model after the step. It waits for the device.
    pub async fn details(self, model: &Model, device: &Device) -> Result<StepDetails> {
        let now: HashMap<String, Tensor> = model.named_parameters().into_iter().collect();
        let norm = |tensor: &Tensor| tensor.detach().norm(2.0, None, false);
        let mut norms = Vec::new();
        no_grad(|| -> Result<()> {
            for (_, result) in &self.layers {
                norms.push(norm(result)?);
            }
            for (name, before, gradient) in &self.parameters {
                let after = now.get(name).ok_or_else(|| Error::internal(format!("{name} has gone")))?;
                norms.push(norm(before)?);
                norms.push(match gradient {
                    Some(gradient) => norm(gradient)?,
                    None => Tensor::zeros(1, device)?.sum()?,
                });
                norms.push(norm(&after.detach().sub(before)?)?);
            }
            Ok(())
        })?;
        let predictions = self.output.argmax(Some(1), false)?;
        let mut to_read = vec![&self.loss, &self.inputs, &self.labels, &predictions];
        to_read.extend(&norms);
        let arrays = read_many(&to_read).await?;
        let numbers: Vec<Vec<f64>> = arrays.iter().map(crate::device::Array::to_f64).collect();
        let one = |i: usize| numbers.get(i).and_then(|array| array.first().copied()).unwrap_or(f64::NAN);
        let classes = |i: usize| numbers.get(i).map(|a| a.iter().map(|x| *x as usize).collect()).unwrap_or_default();
        let (first, count) = (4, self.layers.len());
        // A layer's own parameters are named by its name and one more component.
        let own = |layer: &str| {
            let mut sums: Option<[f64; 3]> = None;
            for (i, (name, ..)) in self.parameters.iter().enumerate() {
                if name.rsplit_once('.').is_some_and(|(owner, _)| owner == layer) {
                    let sums = sums.get_or_insert([0.0; 3]);
                    for (k, sum) in sums.iter_mut().enumerate() {
                        *sum += one(first + count + 3 * i + k).powi(2);
                    }
                }
            }
            sums.map(|sums| sums.map(f64::sqrt))
        };
        let layers = self.layers.iter().enumerate().map(|(i, (name, _))| LayerDetails {
            name: name.clone(),
            activation: one(first + i),
            parameters: own(name),
        });
        let inputs = numbers.get(1).map(|array| array.iter().map(|x| *x as f32).collect()).unwrap_or_default();
        Ok(StepDetails {
            step: self.step,
            lr: self.lr,
            loss: one(0),
            inputs: (inputs, self.inputs.dims().to_vec()),
            labels: classes(2),
            predictions: classes(3),
            layers: layers.collect(),
            graph: self.graph,
        })
    }
}

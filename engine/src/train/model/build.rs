//! Models built from specifications: the modules of the graph's nodes, executed in its order.

use super::graph::Operation;
use super::kind::Kind;
use super::{ModelGraph, ModelSpec};
use crate::nn::{Members, Module, observe_output, under_name};
use crate::{Device, Error, Result, Tensor};

/// A module and the specification it was built from.
pub struct Model {
    spec: ModelSpec,
    steps: Vec<Step>,
}

/// Execution of a node of the graph, other than the input.
struct Step {
    /// Prefix of its parameters.
    name: String,
    compute: Compute,
    /// Indices of the values it reads; 0 is the model's input, and step `i` computes value `i + 1`.
    inputs: Vec<usize>,
    /// Values that no later step reads.
    last_reads: Vec<usize>,
    /// Names of the layers and blocks whose output it computes, inner ones first.
    outputs: Vec<String>,
}

/// Computation of a value.
enum Compute {
    /// A layer, applied to one value.
    Module(Box<dyn Module>),
    /// Sum of two values.
    Add,
    /// Values concatenated along dimension 1.
    Concat,
}

impl Model {
    /// Returns the specification.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }
}

impl Module for Model {
    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        if input.dims().get(1..) != Some(self.spec.input.as_slice()) {
            let expected: String = self.spec.input.iter().map(|size| format!(", {size}")).collect();
            let rule = format!("{} expects inputs of shape [N{expected}], got {}", self.spec.name, input.shape());
            return Err(Error::shape("model", rule));
        }
        let mut values = vec![Some(input.clone())];
        for step in &self.steps {
            let value = step.run(&values)?;
            step.outputs.iter().for_each(|name| observe_output(name, &value));
            // Values that only the backward pass needs are held by its nodes.
            step.last_reads.iter().for_each(|read| values[*read] = None);
            values.push(Some(value));
        }
        values.pop().flatten().ok_or_else(|| Error::internal("a model without an output"))
    }

    fn members<'a>(&'a self, to: &mut Members<'a>) {
        for step in &self.steps {
            if let Compute::Module(module) = &step.compute {
                to.module(&step.name, module);
            }
        }
    }
}

impl Step {
    fn run(&self, values: &[Option<Tensor>]) -> Result<Tensor> {
        let read = |i: &usize| values[*i].as_ref().ok_or_else(|| Error::internal("a value that is no longer there"));
        match (&self.compute, self.inputs.as_slice()) {
            (Compute::Module(module), [input]) => under_name(&self.name, || module.forward(read(input)?)),
            (Compute::Add, [a, b]) => read(a)?.add(read(b)?),
            (Compute::Concat, inputs) => Tensor::cat(&inputs.iter().map(read).collect::<Result<Vec<_>>>()?, 1),
            _ => Err(Error::internal("a node with a wrong number of inputs")),
        }
    }
}

impl ModelSpec {
    /// Builds the model on a device, initialized as PyTorch does.
    ///
    /// # Errors
    /// A layer does not fit; or the device fails.
    pub fn build(&self, device: &Device) -> Result<Model> {
        self.check()?;
        let graph = ModelGraph::new(self);
        let mut expired = vec![Vec::new(); graph.nodes.len()];
        for (value, last) in graph.last_reads().into_iter().enumerate().filter(|(value, last)| value < last) {
            expired[last].push(value);
        }
        let mut outputs = vec![Vec::new(); graph.nodes.len()];
        for layer in graph.layers.iter().rev().filter(|layer| !layer.nodes.is_empty() && !layer.local_name.is_empty()) {
            outputs[layer.output].push(layer.name.clone());
        }
        let steps = graph.nodes.iter().zip(expired).zip(outputs).skip(1).map(|((node, last_reads), outputs)| {
            let compute = match node.operation {
                Operation::Layer(kind) => Compute::Module(module(kind, device)?),
                Operation::Concat => Compute::Concat,
                Operation::Input | Operation::Add => Compute::Add,
            };
            Ok(Step { name: node.name.clone(), compute, inputs: node.inputs.clone(), last_reads, outputs })
        });
        Ok(Model { spec: self.clone(), steps: steps.collect::<Result<_>>()? })
    }
}

fn module(kind: &Kind, device: &Device) -> Result<Box<dyn Module>> {
    match kind.build() {
        Some(layer) => layer.build(device),
        None => Err(Error::internal("a block in the place of a layer")),
    }
}

//! Shapes through a model, layer by layer, without a device.

use super::kind::{Branches, Kind};
use super::{LayerSpec, ModelSpec};
use crate::nn::times;

/// What is known of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its full name, such as `layer1.0.conv1`.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// How deep it lies in blocks.
    pub depth: usize,
    /// The shape it receives, without the batch dimension.
    pub input: Vec<usize>,
    /// The shape it gives, or why it does not.
    pub output: Result<Vec<usize>, String>,
    /// How many parameters it has, with all that is in it.
    pub parameters: usize,
}

/// What is known of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Layers in order, blocks before what is in them; up to the first that does not fit.
    pub rows: Vec<Row>,
    /// The shape that the model gives, if all layers fit.
    pub output: Option<Vec<usize>>,
    /// How many parameters the model has.
    pub parameters: usize,
    /// The first layer that does not fit, and why.
    pub error: Option<String>,
}

/// A shape, and the one it was flattened from.
#[derive(Clone, Debug)]
struct Flow {
    shape: Vec<usize>,
    flattened: Option<Vec<usize>>,
}

#[derive(Default)]
struct Walk {
    rows: Vec<Row>,
    error: Option<String>,
    depth: usize,
}

impl ModelSpec {
    /// The shapes and parameters of all layers, and what does not fit.
    pub fn summary(&self) -> Summary {
        let mut walk = Walk::default();
        let start = Flow { shape: self.input.clone(), flattened: None };
        let parameters = self.layers.iter().map(|layer| count(&layer.kind)).sum();
        let output = if self.input.is_empty() || self.input.contains(&0) {
            walk.error = Some(format!("the input has the shape {:?}; every size must be at least 1", self.input));
            None
        } else if let Some(twice) = duplicate(&self.layers) {
            walk.error = Some(format!("two layers are named {twice}"));
            None
        } else {
            walk.sequence("", &self.layers, start).map(|flow| flow.shape)
        };
        Summary { rows: walk.rows, output, parameters, error: walk.error }
    }

    /// The same model with every size that follows from the input set to what it must be: `in_features`,
    /// `in_channels`, `num_features` and the like.
    #[must_use]
    pub fn fitted(&self) -> Self {
        let mut fitted = self.clone();
        fit(&mut fitted.layers, self.input.clone());
        fitted
    }
}

/// Fits layers to a shape, as far as they can be; the shape after them.
fn fit(layers: &mut [LayerSpec], mut shape: Vec<usize>) -> Option<Vec<usize>> {
    for layer in layers {
        shape = match &mut layer.kind {
            Kind::Sequential(sequence) => fit(&mut sequence.layers, shape)?,
            Kind::Residual(branches) => {
                fit(&mut branches.shortcut, shape.clone())?;
                fit(&mut branches.body, shape)?
            }
            kind => {
                let layer = kind.layer_mut()?;
                layer.fit(&shape);
                layer.output(&shape).ok()?
            }
        };
    }
    Some(shape)
}

/// How many parameters a layer has.
fn count(kind: &Kind) -> usize {
    let all = |layers: &[LayerSpec]| layers.iter().map(|layer| count(&layer.kind)).sum::<usize>();
    match kind {
        Kind::Sequential(sequence) => all(&sequence.layers),
        Kind::Residual(branches) => {
            all(&branches.body) + all(&branches.shortcut) + branches.activation.as_deref().map_or(0, count)
        }
        kind => kind.layer().map_or(0, |layer| layer.parameters()),
    }
}

/// A name that two layers of one list have.
fn duplicate(layers: &[LayerSpec]) -> Option<String> {
    let names: Vec<String> = layers.iter().enumerate().map(|(i, layer)| layer.name_at(i)).collect();
    let twice = |(i, name): (usize, &String)| (!name.is_empty() && names[..i].contains(name)).then(|| name.clone());
    let here = names.iter().enumerate().find_map(twice);
    here.or_else(|| {
        layers.iter().find_map(|layer| match &layer.kind {
            Kind::Sequential(sequence) => duplicate(&sequence.layers),
            Kind::Residual(branches) => duplicate(&branches.body).or_else(|| duplicate(&branches.shortcut)),
            _ => None,
        })
    })
}

impl Walk {
    fn sequence(&mut self, prefix: &str, layers: &[LayerSpec], mut flow: Flow) -> Option<Flow> {
        for (i, layer) in layers.iter().enumerate() {
            let name = layer.name_at(i);
            let path = if prefix.is_empty() || name.is_empty() {
                format!("{prefix}{name}")
            } else {
                format!("{prefix}.{name}")
            };
            flow = self.layer(&path, &layer.kind, flow)?;
        }
        Some(flow)
    }

    fn layer(&mut self, path: &str, kind: &Kind, flow: Flow) -> Option<Flow> {
        let at = self.rows.len();
        let row = Row {
            name: path.to_owned(),
            kind: kind.name(),
            depth: self.depth,
            input: flow.shape.clone(),
            output: Ok(Vec::new()),
            parameters: count(kind),
        };
        self.rows.push(row);
        self.depth += 1;
        let result = match kind {
            Kind::Sequential(sequence) => self.sequence(path, &sequence.layers, flow).ok_or(None),
            Kind::Residual(branches) => self.residual(path, branches, flow),
            kind => single(kind, &flow).map_err(Some),
        };
        self.depth -= 1;
        match result {
            Ok(flow) => {
                self.rows[at].output = Ok(flow.shape.clone());
                Some(flow)
            }
            Err(why) => {
                if let Some(why) = why {
                    let name = if path.is_empty() { kind.name() } else { path };
                    self.error = Some(format!("{name} {why}"));
                    self.rows[at].output = Err(why);
                } else {
                    self.rows[at].output = Err("has a layer that does not fit".into());
                }
                None
            }
        }
    }

    fn residual(&mut self, path: &str, branches: &Branches, flow: Flow) -> Result<Flow, Option<String>> {
        let changed = self.sequence(path, &branches.body, flow.clone()).ok_or(None)?;
        let inner = if path.is_empty() { "downsample".to_owned() } else { format!("{path}.downsample") };
        let skipped = self.sequence(&inner, &branches.shortcut, flow).ok_or(None)?;
        if changed.shape != skipped.shape {
            let what = if branches.shortcut.is_empty() { "the input is" } else { "the shortcut gives" };
            return Err(Some(format!(
                "adds {} to {}: the body gives the former, {what} the latter; they must be equal",
                times(&changed.shape),
                times(&skipped.shape)
            )));
        }
        match branches.activation.as_deref() {
            Some(activation) => single(activation, &changed).map_err(Some),
            None => Ok(changed),
        }
    }
}

/// A layer that is not made of layers.
fn single(kind: &Kind, flow: &Flow) -> Result<Flow, String> {
    let Some(layer) = kind.layer() else { return Err("cannot follow a sum".into()) };
    match layer.output(&flow.shape) {
        Ok(shape) => {
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

//! Shape inference through a model, layer by layer, without a device.

use std::collections::HashSet;

use super::kind::{Branches, Kind};
use super::{LayerSpec, ModelSpec, limits};
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

#[derive(Default)]
struct Walk {
    rows: Vec<Row>,
    error: Option<String>,
    depth: usize,
}

impl ModelSpec {
    /// Infers the shapes and parameters of all layers.
    pub fn summary(&self) -> Summary {
        let mut walk = Walk::default();
        let parameters = match self.check_sizes() {
            Ok(parameters) => parameters,
            Err(why) => return Summary { rows: Vec::new(), output: None, parameters: 0, error: Some(why) },
        };
        let start = Flow { shape: self.input.clone(), flattened: None };
        let output = walk.sequence("", &self.layers, start).map(|flow| flow.shape);
        Summary { rows: walk.rows, output, parameters, error: walk.error }
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
        let parameters = sum(&self.layers);
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
        fit(&mut fitted.layers, self.input.clone());
        fitted
    }
}

/// Sets the inferred sizes of layers, as far as possible. Returns the shape of their output.
fn fit(layers: &mut [LayerSpec], mut shape: Vec<usize>) -> Option<Vec<usize>> {
    for layer in layers {
        shape = match &mut layer.kind {
            Kind::Sequential(sequence) => fit(&mut sequence.layers, shape)?,
            Kind::Concat(sequence) => {
                let fitted = sequence.layers.chunks_mut(1).map(|branch| fit(branch, shape.clone()));
                concatenated(&fitted.collect::<Option<Vec<_>>>()?).ok()?
            }
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

/// Returns the number of parameters of layers; `u128::MAX` if it overflows.
fn sum(layers: &[LayerSpec]) -> u128 {
    layers.iter().fold(0, |sum: u128, layer| sum.saturating_add(count(&layer.kind)))
}

/// Returns the number of parameters of a layer.
fn count(kind: &Kind) -> u128 {
    match kind {
        Kind::Sequential(sequence) | Kind::Concat(sequence) => sum(&sequence.layers),
        Kind::Residual(branches) => {
            let activation = branches.activation.as_deref().map_or(0, count);
            sum(&branches.body).saturating_add(sum(&branches.shortcut)).saturating_add(activation)
        }
        kind => kind.layer().map_or(0, |layer| layer.parameters()),
    }
}

/// Returns a name that two layers of one list have.
fn duplicate(layers: &[LayerSpec]) -> Option<String> {
    let mut known = HashSet::new();
    let mut names = layers.iter().enumerate().map(|(i, layer)| layer.name_at(i));
    let here = names.find(|name| !name.is_empty() && !known.insert(name.clone()));
    here.or_else(|| {
        layers.iter().find_map(|layer| match &layer.kind {
            Kind::Sequential(sequence) | Kind::Concat(sequence) => duplicate(&sequence.layers),
            Kind::Residual(branches) => duplicate(&branches.body).or_else(|| duplicate(&branches.shortcut)),
            _ => None,
        })
    })
}

impl Walk {
    fn sequence(&mut self, prefix: &str, layers: &[LayerSpec], mut flow: Flow) -> Option<Flow> {
        for (i, layer) in layers.iter().enumerate() {
            flow = self.layer(&joined(prefix, &layer.name_at(i)), &layer.kind, flow)?;
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
            // Does not overflow: the number of the whole model was checked.
            parameters: count(kind) as usize,
        };
        self.rows.push(row);
        self.depth += 1;
        let result = match kind {
            Kind::Sequential(sequence) => self.sequence(path, &sequence.layers, flow).ok_or(None),
            Kind::Concat(sequence) => self.concat(path, &sequence.layers, &flow),
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
                    self.error = Some(format!("{} {why}", titled(path, kind)));
                    self.rows[at].output = Err(why);
                } else {
                    self.rows[at].output = Err("has a layer that does not fit".into());
                }
                None
            }
        }
    }

    fn concat(&mut self, path: &str, branches: &[LayerSpec], flow: &Flow) -> Result<Flow, Option<String>> {
        let mut shapes = Vec::new();
        for (i, branch) in branches.iter().enumerate() {
            let output = self.layer(&joined(path, &branch.name_at(i)), &branch.kind, flow.clone());
            shapes.push(output.ok_or(None)?.shape);
        }
        let shape = concatenated(&shapes).and_then(within_limits).map_err(Some)?;
        Ok(Flow { shape, flattened: None })
    }

    fn residual(&mut self, path: &str, branches: &Branches, flow: Flow) -> Result<Flow, Option<String>> {
        let changed = self.sequence(path, &branches.body, flow.clone()).ok_or(None)?;
        let inner = joined(path, &branches.shortcut_name);
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

/// Joins the names of a block and of a layer in it.
fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() || name.is_empty() { format!("{prefix}{name}") } else { format!("{prefix}.{name}") }
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

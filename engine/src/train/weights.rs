//! State dicts without a description of their model: matched by names and shapes to a given model.
//! Fine-tuning begins with one.

use std::collections::{BTreeMap, BTreeSet};

use super::model::preset;
use super::{Model, ModelSpec};
use crate::data::Preprocessing;
use crate::device::{Array, DType, Device};
use crate::format::model::{ModelFile, ModelInfo};
use crate::format::{FileTensor, TensorFile};
use crate::nn::{Module, StateDict};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};

/// Maximum number of mismatches that an error lists for each side.
const MAX_LISTED: usize = 6;

/// Input shapes to try with a preset, the most common first.
const INPUTS: &[[usize; 3]] =
    &[[3, 32, 32], [1, 28, 28], [3, 64, 64], [1, 32, 32], [3, 28, 28], [3, 224, 224], [1, 64, 64], [3, 96, 96]];

/// Buffer that a batch normalization may lack; PyTorch then counts from 0.
const COUNTER: &str = "num_batches_tracked";

/// Creates a model file from a state dict and its model. Names may have a common prefix, such as
/// `model_state_dict.` in a checkpoint or `module.` of `DataParallel`; other tensors of a
/// checkpoint are ignored.
///
/// # Errors
/// Names or shapes differ; the error lists both sides.
pub fn with_spec(spec: &ModelSpec, file: &TensorFile) -> Result<ModelFile> {
    let model = spec.build(&Device::cpu())?;
    let tensors = matched(&model, &file.tensors)?;
    let info = ModelInfo {
        spec: crate::json::to_value(spec).map_err(|e| Error::internal(format!("model: {e}")))?,
        input: spec.input.clone(),
        classes: (0..outputs(spec)).map(|class| class.to_string()).collect(),
        preprocessing: shape3(&spec.input).map(|shape| Preprocessing::new(shape, None)),
        ..ModelInfo::default()
    };
    Ok(ModelFile { tensors, info })
}

/// Creates a model file from a state dict and a preset. The last tensor has the number of classes;
/// without `input`, the most common one that fits is used.
///
/// # Errors
/// The preset is unknown or does not match; the error lists both sides.
pub fn with_preset(name: &str, input: Option<&[usize]>, file: &TensorFile) -> Result<ModelFile> {
    with_inputs(input, |input| {
        let one = preset(name, input, 1)?;
        let classes = classes_of(&one, file)?.unwrap_or(10);
        with_spec(&preset(name, input, classes)?, file)
    })
}

/// Creates a model file from a state dict and layers without a specified input.
///
/// # Errors
/// As [`with_spec`]; or no common input shape fits the layers.
pub fn with_layers(spec: &ModelSpec, input: Option<&[usize]>, file: &TensorFile) -> Result<ModelFile> {
    with_inputs(input, |input| {
        let spec = ModelSpec { input: input.to_vec(), ..spec.clone() };
        spec.check()?;
        with_spec(&spec, file)
    })
}

/// Returns the result for the first common input shape that succeeds, else the first error.
fn with_inputs(input: Option<&[usize]>, make: impl Fn(&[usize]) -> Result<ModelFile>) -> Result<ModelFile> {
    if let Some(input) = input {
        return make(input);
    }
    let mut first = None;
    for input in INPUTS {
        match make(input) {
            Ok(file) => return Ok(file),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or_else(|| Error::internal("no input was tried")))
}

/// Loads a state dict into a model, matched as by [`with_spec`].
///
/// # Errors
/// Names or shapes differ; the error lists both sides.
pub fn load(model: &Model, file: &TensorFile) -> Result<()> {
    let tensors = file.tensors.iter().filter(|(name, _)| !name.starts_with(ModelFile::TRAINING));
    let tensors = tensors.map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
    let tensors = matched(model, &tensors)?;
    let dict = tensors.iter().map(|(name, tensor)| Ok((name.clone(), tensor.to_tensor(&Device::cpu())?)));
    model.load_state_dict(&dict.collect::<Result<Vec<(String, Tensor)>>>()?.into_iter().collect())
}

fn shape3(input: &[usize]) -> Option<[usize; 3]> {
    let shape: [usize; 3] = input.try_into().ok()?;
    matches!(shape[0], 1 | 3).then_some(shape)
}

fn outputs(spec: &ModelSpec) -> usize {
    spec.summary().output.and_then(|output| output.last().copied()).unwrap_or(0)
}

/// Returns the length in the file of the model's last tensor.
fn classes_of(spec: &ModelSpec, file: &TensorFile) -> Result<Option<usize>> {
    let state = spec.build(&Device::cpu())?.state_dict()?;
    let prefix = prefix(&state, &file.tensors);
    let last = state.names().last().map(|name| format!("{prefix}{name}"));
    Ok(last.and_then(|name| file.tensors.get(&name)).and_then(|tensor| tensor.shape.first().copied()))
}

/// Returns the prefix of the file's names that matches most names of the model; the shortest of
/// several.
fn prefix(state: &StateDict, tensors: &BTreeMap<String, FileTensor>) -> String {
    let known: BTreeSet<&str> = state.names().collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in tensors.keys() {
        let begins = std::iter::once(0).chain(name.match_indices('.').map(|(dot, _)| dot + 1));
        for begin in begins.filter(|begin| known.contains(&name[*begin..])) {
            *counts.entry(&name[..begin]).or_default() += 1;
        }
    }
    let best = counts.into_iter().min_by_key(|(prefix, count)| (std::cmp::Reverse(*count), prefix.len()));
    best.map_or_else(String::new, |(prefix, _)| prefix.to_owned())
}

/// Returns a file's tensors under the model's names, in the model's element types.
fn matched(model: &Model, tensors: &BTreeMap<String, FileTensor>) -> Result<BTreeMap<String, FileTensor>> {
    let state = model.state_dict()?;
    let prefix = prefix(&state, tensors);
    let (mut wrong, mut others) = (Vec::new(), Vec::new());
    let mut found = BTreeMap::new();
    for (name, parameter) in state.iter() {
        match tensors.get(&format!("{prefix}{name}")) {
            Some(tensor) if *tensor.shape == *parameter.dims() => {
                found.insert(name.to_owned(), converted(tensor, parameter.dtype()));
            }
            Some(tensor) => {
                wrong.push(format!("{name}: {:?} in the model, {:?} in the file", parameter.dims(), &*tensor.shape))
            }
            None if name.rsplit('.').next() == Some(COUNTER) => {
                found.insert(name.to_owned(), FileTensor::new(Shape::from(&[] as &[usize]), Array::I32(vec![0]))?);
            }
            None => wrong.push(format!("{name}: {:?} in the model, not in the file", parameter.dims())),
        }
    }
    for (name, tensor) in tensors {
        // Tensors without the prefix are other parts of a checkpoint.
        if let Some(inner) = name.strip_prefix(&prefix).filter(|inner| state.get(inner).is_none()) {
            others.push(format!("{inner}: not in the model, {:?} in the file", &*tensor.shape));
        }
    }
    let count = wrong.len() + others.len();
    if count == 0 {
        return Ok(found);
    }
    wrong.truncate(MAX_LISTED);
    others.truncate(MAX_LISTED);
    let more = count - wrong.len() - others.len();
    wrong.append(&mut others);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Err(Error::value("weights", format!("{count} tensors do not match: {}{more}", wrong.join("; "))))
}

/// Converts double precision to single, if the model has single.
fn converted(tensor: &FileTensor, dtype: DType) -> FileTensor {
    let data = match (&tensor.data, dtype) {
        (Array::F64(wide), DType::F32) => Array::F32(wide.iter().map(|x| *x as f32).collect()),
        (data, _) => data.clone(),
    };
    FileTensor { shape: tensor.shape.clone(), data }
}

//! Checkpoints: model files with the state of a run in more metadata and tensors. The module knows
//! no training loop.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::metrics::{EpochResult, Sums};
use super::progress::{Patience, Position};
use super::{ModelSpec, TrainSpec};
use crate::format::model::ModelFile;
use crate::format::{FileTensor, TensorFile};
use crate::json::float::Float;
use crate::nn::{Module, StateDict};
use crate::optim::schedule::SchedulerState;
use crate::optim::{OptimState, OptimizerSpec, ParamState, StateValue};
use crate::{Device, Error, Result, Tensor};

/// State of a run other than tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Scalars {
    pub position: Position,
    pub sums: Sums,
    pub patience: Patience,
    /// Seed and number of calls.
    pub generator: [u64; 2],
    pub scheduler: Option<SchedulerState>,
}

/// Metadata of a checkpoint.
#[derive(Serialize, Deserialize)]
pub(super) struct Training {
    pub rest: Scalars,
    /// Results of the epochs, without confusion matrices.
    pub history: Vec<EpochResult>,
    groups: Vec<(OptimizerSpec, usize)>,
    /// Scalars of the optimizer's state, by parameter.
    numbers: Vec<BTreeMap<String, Float>>,
    /// Number of training samples, which determines the order of an epoch.
    pub samples: usize,
    /// Confusion matrices of the last and the best evaluation: epoch, then class, prediction and
    /// count of each nonzero element.
    #[serde(default)]
    confusions: Vec<(usize, Vec<[u64; 3]>)>,
}

/// Adds the state of a run to the file of its model.
///
/// # Errors
/// The device fails.
pub(super) async fn write(
    file: &mut ModelFile,
    rest: Scalars,
    optimizer: OptimState,
    best: Option<&StateDict>,
    mut history: Vec<EpochResult>,
    samples: usize,
) -> Result<()> {
    let mut tensors = TensorFile::default();
    let mut numbers = Vec::with_capacity(optimizer.state.len());
    let mut named = Vec::new();
    for (i, state) in optimizer.state.into_iter().enumerate() {
        let mut scalars = BTreeMap::new();
        for (name, value) in state {
            match value {
                StateValue::Number(number) => drop(scalars.insert(name, Float(number))),
                StateValue::Tensor(tensor) => named.push((state_name(i, &name), tensor)),
            }
        }
        numbers.push(scalars);
    }
    let best = best.into_iter().flat_map(StateDict::iter);
    named.extend(best.map(|(name, tensor)| (format!("{BEST}{name}"), tensor.clone())));
    tensors.extend(named).await?;
    file.tensors.extend(tensors.tensors);
    let mut confusions = Vec::new();
    for result in &mut history {
        let epoch = result.epoch;
        if let Some(evaluation) = result.evaluation_mut().filter(|evaluation| !evaluation.confusion.is_empty()) {
            confusions.push((epoch, evaluation.confusion_cells()));
            evaluation.confusion = Vec::new();
        }
    }
    let training = Training { rest, history, groups: optimizer.param_groups, numbers, samples, confusions };
    let training = crate::json::to_value(&training).map_err(|e| Error::internal(format!("checkpoint: {e}")))?;
    file.info.training = Some(training);
    Ok(())
}

/// Reads the metadata of a checkpoint.
///
/// # Errors
/// The file is no checkpoint.
pub(super) fn read(file: &ModelFile) -> Result<Training> {
    let Some(json) = &file.info.training else {
        return Err(Error::value(
            "resume",
            "the file is a model, but no checkpoint: it has no state of a training run",
        ));
    };
    crate::json::from_value(json).map_err(|e| Error::value("resume", format!("the checkpoint is damaged: {e}")))
}

impl Training {
    /// Returns the optimizer's state, with the tensors of the checkpoint.
    pub fn optimizer(&self, file: &ModelFile, device: &Device) -> Result<OptimState> {
        let mut optimizer = OptimState { state: Vec::new(), param_groups: self.groups.clone() };
        for (i, numbers) in self.numbers.iter().enumerate() {
            let mut state = ParamState::new();
            state.extend(numbers.iter().map(|(name, number)| (name.clone(), StateValue::Number(number.0))));
            for (name, tensor) in tensors_under(file, &state_name(i, "")) {
                state.insert(name.to_owned(), StateValue::Tensor(tensor.to_tensor(device)?));
            }
            optimizer.state.push(state);
        }
        Ok(optimizer)
    }

    /// Returns the results of the epochs, with the confusion matrices there are.
    pub fn history(self, classes: usize) -> Vec<EpochResult> {
        let Self { mut history, confusions, .. } = self;
        for (epoch, cells) in confusions {
            let result = history.iter_mut().find(|result| result.epoch == epoch);
            if let Some(evaluation) = result.and_then(|result| result.evaluation_mut()) {
                evaluation.set_confusion(&cells, classes);
            }
        }
        history
    }
}

/// Returns the weights in a file.
pub(super) fn weights(file: &ModelFile, device: &Device) -> Result<StateDict> {
    let tensors = file.state().map(|(name, tensor)| Ok((name.clone(), tensor.to_tensor(device)?)));
    Ok(tensors.collect::<Result<Vec<(String, Tensor)>>>()?.into_iter().collect())
}

/// Returns the weights of the best epoch in a checkpoint; `None` if it has none.
pub(super) fn best_weights(file: &ModelFile, device: &Device) -> Result<Option<StateDict>> {
    let tensors = tensors_under(file, BEST).map(|(name, tensor)| Ok((name.to_owned(), tensor.to_tensor(device)?)));
    let best: StateDict = tensors.collect::<Result<Vec<(String, Tensor)>>>()?.into_iter().collect();
    Ok((!best.is_empty()).then_some(best))
}

/// Returns the settings of the run in a model file, if it has them.
///
/// # Errors
/// The settings are damaged.
pub fn run_spec(file: &ModelFile) -> Result<Option<TrainSpec>> {
    let damaged = |e| Error::value("model", format!("the file's settings of the run are damaged: {e}"));
    file.info.run.as_ref().map(|json| crate::json::from_value(json).map_err(damaged)).transpose()
}

/// Returns the settings of a checkpoint's run.
///
/// # Errors
/// The file is no checkpoint.
pub fn checkpoint_spec(file: &ModelFile) -> Result<TrainSpec> {
    read(file)?;
    run_spec(file)?.ok_or_else(|| Error::value("resume", "the checkpoint does not say the settings of its run"))
}

/// Builds the model of a file and loads its tensors.
///
/// # Errors
/// The specification is damaged, or the tensors do not match it.
pub fn load_model(file: &ModelFile, device: &Device) -> Result<super::Model> {
    let spec: ModelSpec = crate::json::from_value(&file.info.spec)
        .map_err(|e| Error::value("model", format!("the file's description of the model is damaged: {e}")))?;
    let model = spec.build(device)?;
    model.load_state_dict(&weights(file, device)?)?;
    Ok(model)
}

/// Returns the position of the run of a checkpoint.
///
/// # Errors
/// The file is no checkpoint.
pub fn checkpoint_position(file: &ModelFile) -> Result<Position> {
    read(file).map(|training| training.rest.position)
}

/// Prefix of the names of the best epoch's tensors in a checkpoint.
const BEST: &str = "training/best/";

/// Returns the name in the file of an entry of a parameter's optimizer state.
fn state_name(parameter: usize, entry: &str) -> String {
    format!("{}optimizer/{parameter}/{entry}", ModelFile::TRAINING)
}

/// Returns the tensors of a file whose names have a prefix, by the rest of their names.
fn tensors_under<'a>(file: &'a ModelFile, prefix: &str) -> impl Iterator<Item = (&'a str, &'a FileTensor)> {
    file.tensors.iter().filter_map(move |(name, tensor)| Some((name.strip_prefix(prefix)?, tensor)))
}

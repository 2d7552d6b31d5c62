//! State of a run for resuming it. In memory it consists of tensors, which later steps do not
//! change; in a checkpoint it is a model file with more metadata and tensors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::metrics::{EpochResult, Sums};
use super::progress::{Patience, Position};
use super::{ModelSpec, TrainSpec, Trainer};
use crate::data::{Columns, Preprocessing, Task};
use crate::format::FileTensor;
use crate::format::model::{ModelFile, ModelInfo};
use crate::json::{self, float::Float};
use crate::nn::{Module, StateDict};
use crate::ops::Generator;
use crate::optim::{OptimState, OptimizerSpec, Scheduler, StateValue, schedule::SchedulerState};
use crate::{Device, Error, Result, Tensor};

/// State of a run, in memory.
pub(super) struct State {
    pub model: StateDict,
    pub optimizer: OptimState,
    pub rest: Scalars,
}

/// State other than tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Scalars {
    pub position: Position,
    sums: Sums,
    patience: Patience,
    generator: [u64; 2],
    scheduler: Option<SchedulerState>,
}

/// Metadata of a checkpoint.
#[derive(Serialize, Deserialize)]
pub(super) struct Training {
    pub rest: Scalars,
    /// Results of the epochs, without confusion matrices.
    pub history: Vec<EpochResult>,
    pub groups: Vec<(OptimizerSpec, usize)>,
    /// Scalars of the optimizer's state, by parameter.
    pub numbers: Vec<BTreeMap<String, Float>>,
    /// Number of training samples, which determines the order of an epoch.
    pub samples: usize,
    /// Confusion matrices of the last and the best evaluation: epoch, then class, prediction and
    /// count of each nonzero element.
    #[serde(default)]
    pub confusions: Vec<(usize, Vec<[u64; 3]>)>,
}

impl Trainer {
    pub(super) fn state(&self) -> Result<State> {
        let rest = Scalars {
            position: self.position,
            sums: self.sums,
            patience: self.patience,
            generator: [self.generator.seed, self.generator.calls],
            scheduler: self.scheduler.as_ref().map(|s| s.state().clone()),
        };
        Ok(State { model: self.model.state_dict()?, optimizer: self.optimizer.state_dict()?, rest })
    }

    pub(super) fn restore(&mut self, state: &State) -> Result<()> {
        let State { model, optimizer, rest } = state;
        self.optimizer.load_state_dict(optimizer)?;
        self.model.load_state_dict(model)?;
        self.position = rest.position;
        self.sums = rest.sums;
        self.patience = rest.patience;
        self.generator = Generator { seed: rest.generator[0], calls: rest.generator[1] };
        if let (Some(schedule), Some(state)) = (&self.spec.schedule, &rest.scheduler) {
            self.scheduler = Some(Scheduler::resume(schedule.clone(), state.clone()));
        }
        self.reset_progress();
        Ok(())
    }

    /// Returns the preprocessing of images; `None` for other inputs.
    fn preprocessing(&self) -> Option<Preprocessing> {
        let &[channels, height, width] = self.model.spec().input.as_slice() else { return None };
        let steps = Preprocessing::new([channels, height, width], Some(&self.normalization));
        steps.check().is_ok().then_some(steps)
    }

    /// Returns the columns of the run's table, with the scale of its targets.
    fn columns(&self) -> Option<Columns> {
        let mut columns = self.train.dataset().columns()?.clone();
        columns.target_scale = (columns.task == Task::Regression).then_some(self.target_scale);
        Some(columns)
    }

    /// Returns the model with its metadata.
    ///
    /// # Errors
    /// The device fails.
    pub async fn model_file(&self) -> Result<ModelFile> {
        let mut tensors = crate::format::TensorFile::default();
        tensors.extend(self.model.state_dict()?).await?;
        Ok(ModelFile { tensors: tensors.tensors, info: self.info()? })
    }

    /// Returns the metadata of a file of the model.
    ///
    /// # Errors
    /// A sample cannot be read.
    pub fn info(&self) -> Result<ModelInfo> {
        let value = |name: &str, value: Result<serde_json::Value, String>| {
            value.map_err(|e| Error::internal(format!("{name}: {e}")))
        };
        let spec = self.model.spec();
        Ok(ModelInfo {
            spec: value("model", json::to_value(spec))?,
            input: spec.input.clone(),
            classes: self.train.dataset().classes().to_vec(),
            normalization: Some(self.normalization.clone()),
            preprocessing: self.preprocessing(),
            columns: self.columns(),
            metrics: self.metrics(),
            run: Some(value("settings", json::to_value(&self.spec))?),
            record: Some(value("record", json::to_value(&self.record()?))?),
            ..ModelInfo::default()
        })
    }

    /// Returns the metrics of the weights' epoch.
    fn metrics(&self) -> BTreeMap<String, f64> {
        let mut metrics = BTreeMap::new();
        let epoch = self.weights_epoch();
        let Some(last) = self.history.iter().rev().find(|result| result.epoch == epoch) else { return metrics };
        metrics.insert("epochs".to_owned(), last.epoch as f64);
        metrics.insert("train_loss".to_owned(), last.train_loss);
        for (name, evaluation) in [("validation", last.validation.as_ref()), ("test", self.result())] {
            if let Some(evaluation) = evaluation {
                metrics.insert(format!("{name}_loss"), evaluation.loss);
                let measured = evaluation.metrics().into_iter();
                metrics.extend(measured.map(|(metric, value)| (format!("{name}_{metric}"), value)));
            }
        }
        metrics
    }

    /// Returns a checkpoint. A run resumed from it equals the uninterrupted run, bit for bit on the
    /// same device. It is a model file too.
    ///
    /// # Errors
    /// A loss is not finite; or the device fails.
    pub async fn checkpoint(&mut self) -> Result<ModelFile> {
        self.read().await?;
        // A finished run has the best weights; it would resume from the last ones.
        let last = self.last_weights.take();
        let best = match &last {
            Some(last) => Some((self.model.state_dict()?, self.model.load_state_dict(last)?)),
            None => None,
        };
        let file = self.checkpoint_of_state().await;
        if let Some((best, ())) = best {
            self.model.load_state_dict(&best)?;
        }
        self.last_weights = last;
        file
    }

    async fn checkpoint_of_state(&self) -> Result<ModelFile> {
        let mut file = self.model_file().await?;
        let State { optimizer, rest, .. } = self.state()?;
        let mut tensors = crate::format::TensorFile::default();
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
        let best = self.best_weights.iter().flat_map(StateDict::iter);
        named.extend(best.map(|(name, tensor)| (format!("{BEST}{name}"), tensor.clone())));
        tensors.extend(named).await?;
        file.tensors.extend(tensors.tensors);
        let mut history = self.history.clone();
        let mut confusions = Vec::new();
        for result in &mut history {
            let epoch = result.epoch;
            if let Some(evaluation) = result.evaluation_mut().filter(|evaluation| !evaluation.confusion.is_empty()) {
                confusions.push((epoch, evaluation.confusion_cells()));
                evaluation.confusion = Vec::new();
            }
        }
        let samples = self.train.dataset().len();
        let training = Training { rest, history, groups: optimizer.param_groups, numbers, samples, confusions };
        let training = crate::json::to_value(&training).map_err(|e| Error::internal(format!("checkpoint: {e}")))?;
        file.info.training = Some(training);
        Ok(file)
    }
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
    training(file)?;
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
    let tensors = file.state().map(|(name, tensor)| Ok((name.clone(), tensor.to_tensor(device)?)));
    model.load_state_dict(&tensors.collect::<Result<Vec<(String, Tensor)>>>()?.into_iter().collect())?;
    Ok(model)
}

pub(super) fn training(file: &ModelFile) -> Result<Training> {
    let Some(json) = &file.info.training else {
        return Err(Error::value(
            "resume",
            "the file is a model, but no checkpoint: it has no state of a training run",
        ));
    };
    crate::json::from_value(json).map_err(|e| Error::value("resume", format!("the checkpoint is damaged: {e}")))
}

/// Returns the position of the run of a checkpoint.
///
/// # Errors
/// The file is no checkpoint.
pub fn checkpoint_position(file: &ModelFile) -> Result<Position> {
    training(file).map(|training| training.rest.position)
}

/// Prefix of the names of the best epoch's tensors in a checkpoint.
pub(super) const BEST: &str = "training/best/";

/// Returns the name in the file of an entry of a parameter's optimizer state.
fn state_name(parameter: usize, entry: &str) -> String {
    format!("{}optimizer/{parameter}/{entry}", ModelFile::TRAINING)
}

pub(super) fn tensors_of(file: &ModelFile, parameter: usize) -> impl Iterator<Item = (&str, &FileTensor)> {
    let prefix = state_name(parameter, "");
    file.tensors.iter().filter_map(move |(name, tensor)| Some((name.strip_prefix(prefix.as_str())?, tensor)))
}

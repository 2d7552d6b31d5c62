//! The state of a run: everything that decides how it goes on. In memory it is handles of tensors, which later steps
//! do not change; in a checkpoint it is a model file with more in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::metrics::{EpochResult, Sums};
use super::progress::{Patience, Position};
use super::trainer::check;
use super::{ModelSpec, TrainSpec, Trainer};
use crate::data::Dataset;
use crate::format::FileTensor;
use crate::format::model::{ModelFile, ModelInfo};
use crate::nn::{Module, StateDict};
use crate::ops::Generator;
use crate::optim::{OptimState, OptimizerSpec, ParamState, Scheduler, StateValue, schedule::SchedulerState};
use crate::{Device, Error, Result, Tensor};

/// The state of a run, in memory.
pub(super) struct State {
    model: StateDict,
    optimizer: OptimState,
    rest: Rest,
}

/// What of the state is no tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rest {
    position: Position,
    sums: Sums,
    patience: Patience,
    generator: [u64; 2],
    scheduler: Option<SchedulerState>,
}

/// What a checkpoint keeps in its metadata.
#[derive(Serialize, Deserialize)]
struct Training {
    rest: Rest,
    history: Vec<EpochResult>,
    groups: Vec<(OptimizerSpec, usize)>,
    /// For each parameter, the numbers of the optimizer's state.
    numbers: Vec<BTreeMap<String, f64>>,
    /// How many samples there were to train on: the order of an epoch depends on it.
    samples: usize,
}

impl Trainer {
    pub(super) fn state(&self) -> Result<State> {
        let rest = Rest {
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
        self.forget_progress();
        Ok(())
    }

    /// The model as it is now, with what is needed to use it.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub async fn model_file(&self) -> Result<ModelFile> {
        let mut tensors = crate::format::TensorFile::default();
        tensors.extend(self.model.state_dict()?).await?;
        let mut metrics = BTreeMap::new();
        if let Some(last) = self.history.last() {
            metrics.insert("epochs".to_owned(), last.epoch as f64);
            metrics.insert("train_loss".to_owned(), last.train_loss);
        }
        if let Some(test) = self.history.iter().rev().find_map(|epoch| epoch.test.as_ref()) {
            metrics.insert("test_loss".to_owned(), test.loss);
            metrics.insert("test_accuracy".to_owned(), test.accuracy);
        }
        let spec = self.model.spec();
        let info = ModelInfo {
            spec: crate::json::to_value(spec).map_err(|e| Error::internal(format!("model: {e}")))?,
            input: spec.input.clone(),
            classes: self.train.dataset().classes().to_vec(),
            normalization: Some(self.normalization.clone()),
            metrics,
            run: Some(crate::json::to_value(&self.spec).map_err(|e| Error::internal(format!("settings: {e}")))?),
            ..ModelInfo::default()
        };
        Ok(ModelFile { tensors: tensors.tensors, info })
    }

    /// Everything that the run needs to go on as if it had not been interrupted, bit for bit on the same device. It
    /// can be used as a model too.
    ///
    /// # Errors
    /// A loss that is not a number; what went wrong on the device.
    pub async fn checkpoint(&mut self) -> Result<ModelFile> {
        self.read().await?;
        let mut file = self.model_file().await?;
        let State { optimizer, rest, .. } = self.state()?;
        let mut tensors = crate::format::TensorFile::default();
        let mut numbers = Vec::with_capacity(optimizer.state.len());
        let mut named = Vec::new();
        for (i, state) in optimizer.state.into_iter().enumerate() {
            let mut of_one = BTreeMap::new();
            for (name, value) in state {
                match value {
                    StateValue::Number(number) => drop(of_one.insert(name, number)),
                    StateValue::Tensor(tensor) => named.push((state_name(i, &name), tensor)),
                }
            }
            numbers.push(of_one);
        }
        tensors.extend(named).await?;
        file.tensors.extend(tensors.tensors);
        let training = Training {
            rest,
            history: self.history.clone(),
            groups: optimizer.param_groups,
            numbers,
            samples: self.train.dataset().len(),
        };
        let training = crate::json::to_value(&training).map_err(|e| Error::internal(format!("checkpoint: {e}")))?;
        file.info.training = Some(training);
        Ok(file)
    }

    /// A run that goes on from a checkpoint. `spec` is the checkpoint's ([`checkpoint_spec`]), perhaps with more
    /// epochs.
    ///
    /// # Errors
    /// The file is no checkpoint, or does not fit the specification or the data.
    pub fn resume(
        file: &ModelFile,
        spec: TrainSpec,
        train: Arc<dyn Dataset>,
        test: Arc<dyn Dataset>,
        device: &Device,
    ) -> Result<Self> {
        check(&spec, train.as_ref(), test.as_ref())?;
        let training = training(file)?;
        if training.samples != train.len() {
            let rule = format!("the run was trained on {} samples, the data has {}", training.samples, train.len());
            return Err(Error::value("resume", rule));
        }
        let model: ModelSpec = crate::json::from_value(&file.info.spec)
            .map_err(|e| Error::value("resume", format!("the checkpoint's model is damaged: {e}")))?;
        let mut trainer = Self::with_model(spec, &model, train, test, device)?;
        let mut dict = StateDict::default();
        for (name, tensor) in file.state() {
            dict.insert(name.clone(), tensor.to_tensor(device)?);
        }
        let mut optimizer = OptimState { state: Vec::new(), param_groups: training.groups };
        for (i, numbers) in training.numbers.iter().enumerate() {
            let mut state = ParamState::new();
            state.extend(numbers.iter().map(|(name, number)| (name.clone(), StateValue::Number(*number))));
            for (name, tensor) in tensors_of(file, i) {
                state.insert(name.to_owned(), StateValue::Tensor(tensor.to_tensor(device)?));
            }
            optimizer.state.push(state);
        }
        trainer.restore(&State { model: dict, optimizer, rest: training.rest })?;
        trainer.history = training.history;
        Ok(trainer)
    }
}

/// The settings of the run that a model was trained by, if the file says them.
///
/// # Errors
/// They are damaged.
pub fn run_spec(file: &ModelFile) -> Result<Option<TrainSpec>> {
    let damaged = |e| Error::value("model", format!("the file's settings of the run are damaged: {e}"));
    file.info.run.as_ref().map(|json| crate::json::from_value(json).map_err(damaged)).transpose()
}

/// The settings of the run that a checkpoint belongs to.
///
/// # Errors
/// The file is a model, but no checkpoint.
pub fn checkpoint_spec(file: &ModelFile) -> Result<TrainSpec> {
    training(file)?;
    run_spec(file)?.ok_or_else(|| Error::value("resume", "the checkpoint does not say the settings of its run"))
}

/// Loads a model: builds what its specification describes and fills in the tensors.
///
/// # Errors
/// A specification that is damaged, or tensors that do not fit it.
pub fn load_model(file: &ModelFile, device: &Device) -> Result<super::Model> {
    let spec: ModelSpec = crate::json::from_value(&file.info.spec)
        .map_err(|e| Error::value("model", format!("the file's description of the model is damaged: {e}")))?;
    let model = spec.build(device)?;
    let tensors = file.state().map(|(name, tensor)| Ok((name.clone(), tensor.to_tensor(device)?)));
    model.load_state_dict(&tensors.collect::<Result<Vec<(String, Tensor)>>>()?.into_iter().collect())?;
    Ok(model)
}

fn training(file: &ModelFile) -> Result<Training> {
    let Some(json) = &file.info.training else {
        return Err(Error::value(
            "resume",
            "the file is a model, but no checkpoint: it has no state of a training run",
        ));
    };
    crate::json::from_value(json).map_err(|e| Error::value("resume", format!("the checkpoint is damaged: {e}")))
}

/// The name in the file of an entry of the optimizer's state of a parameter.
fn state_name(parameter: usize, entry: &str) -> String {
    format!("{}optimizer/{parameter}/{entry}", ModelFile::TRAINING)
}

fn tensors_of(file: &ModelFile, parameter: usize) -> impl Iterator<Item = (&str, &FileTensor)> {
    let prefix = state_name(parameter, "");
    file.tensors.iter().filter_map(move |(name, tensor)| Some((name.strip_prefix(prefix.as_str())?, tensor)))
}

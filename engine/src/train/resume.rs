//! Resuming a run from a checkpoint. Changed settings apply from there on, or are refused by name;
//! none is ignored.

use std::sync::Arc;

use super::check::{check, check_schedule, input_shape};
use super::record::{EarlierSettings, RunRecord, SplitDigest, run_record};
use super::state::{BEST, State, Training, run_spec, tensors_of, training};
use super::{ModelSpec, Position, TrainSpec, Trainer};
use crate::data::Dataset;
use crate::format::model::ModelFile;
use crate::nn::StateDict;
use crate::optim::{Hyperparameters, OptimState, ParamState, Scheduler, StateValue};
use crate::{Device, Error, Result};

impl Trainer {
    /// Resumes a run from a checkpoint. `spec` is the checkpoint's ([`super::checkpoint_spec`]),
    /// possibly changed; changes apply from the next step on. Another learning rate becomes the
    /// schedule's base; another schedule starts at step 0.
    ///
    /// # Errors
    /// The file is no checkpoint, or does not match the data. A setting is changed that cannot
    /// change during a run: seed, loss, model, optimizer, data; or the batch size within an epoch.
    pub fn resume(
        file: &ModelFile,
        spec: TrainSpec,
        train: Arc<dyn Dataset>,
        test: Arc<dyn Dataset>,
        device: &Device,
    ) -> Result<Self> {
        check(&spec, train.as_ref(), test.as_ref())?;
        let Training { rest, mut history, groups, numbers, samples, confusions } = training(file)?;
        let record = run_record(file)?.unwrap_or_default();
        let model: ModelSpec = crate::json::from_value(&file.info.spec)
            .map_err(|e| Error::value("resume", format!("the checkpoint's model is damaged: {e}")))?;
        let before = run_spec(file)?;
        if let Some(before) = &before {
            check_changes(before, &spec, rest.position)?;
        }
        check_data(file, &record, samples, train.as_ref())?;
        if let Some(before) = &before {
            check_test(before, &spec, &record, test.len())?;
            check_model(before, &spec, &model, train.as_ref())?;
        }
        if input_shape(&spec, train.shape())? != model.input {
            let rule = format!("the model takes inputs of {:?}, the data has {:?}", model.input, train.shape());
            return Err(Error::shape("resume", rule));
        }
        let target_scale = file.info.columns.as_ref().and_then(|columns| columns.target_scale).unwrap_or_default();
        let scales = file.info.normalization.clone().map(|normalization| (normalization, target_scale));
        let mut trainer = Self::with_model(spec, &model, scales, train, test, device)?;
        let mut dict = StateDict::default();
        for (name, tensor) in file.state() {
            dict.insert(name.clone(), tensor.to_tensor(device)?);
        }
        let mut optimizer = OptimState { state: Vec::new(), param_groups: groups };
        for (i, numbers) in numbers.iter().enumerate() {
            let mut state = ParamState::new();
            state.extend(numbers.iter().map(|(name, number)| (name.clone(), StateValue::Number(number.0))));
            for (name, tensor) in tensors_of(file, i) {
                state.insert(name.to_owned(), StateValue::Tensor(tensor.to_tensor(device)?));
            }
            optimizer.state.push(state);
        }
        trainer.restore(&State { model: dict, optimizer, rest })?;
        let mut best = StateDict::default();
        for (name, tensor) in &file.tensors {
            if let Some(name) = name.strip_prefix(BEST) {
                best.insert(name.to_owned(), tensor.to_tensor(device)?);
            }
        }
        trainer.best_weights = (!best.is_empty()).then_some(best);
        for (epoch, cells) in confusions {
            let result = history.iter_mut().find(|result| result.epoch == epoch);
            if let Some(evaluation) = result.and_then(|result| result.evaluation_mut()) {
                evaluation.set_confusion(&cells, file.info.classes.len());
            }
        }
        trainer.history = history;
        trainer.earlier = record.earlier;
        trainer.split = record.data.split;
        if let Some(before) = before {
            trainer.apply_changes(&before)?;
        }
        let done = trainer.scheduler.as_ref().map_or(0, |scheduler| scheduler.state().step);
        check_schedule(&trainer.spec, done, trainer.position.batches, trainer.position)?;
        Ok(trainer)
    }

    /// Applies settings that differ from `before`.
    fn apply_changes(&mut self, before: &TrainSpec) -> Result<()> {
        let (old, new) = (&before.optimizer, self.spec.optimizer.clone());
        let replanned =
            (&before.schedule, before.schedule_by_epoch) != (&self.spec.schedule, self.spec.schedule_by_epoch);
        let old_attrs = old.attrs()?;
        for rule in self.optimizer.rules_mut() {
            let same = rule.spec().name() == new.name();
            let mut changed = new.attrs()?;
            // A group of another kind, such as Muon's of AdamW, shares only the weight decay.
            changed.retain(|name, value| {
                name != "lr" && (replanned || old_attrs.get(name) != Some(value)) && (same || name == "weight_decay")
            });
            let changed = rule.spec().with(&changed)?;
            rule.set_spec(&changed)?;
        }
        let lr = new.lr();
        if replanned {
            self.optimizer.set_lr(lr);
            let planned = self.spec.schedule.clone();
            self.scheduler = planned.map(|schedule| Scheduler::new(schedule, &mut self.optimizer)).transpose()?;
        } else if lr != old.lr() {
            let groups = self.optimizer.lrs().len();
            match &mut self.scheduler {
                Some(scheduler) => scheduler.set_base_lrs(vec![lr; groups], &mut self.optimizer),
                None => self.optimizer.set_lr(lr),
            }
        }
        self.record_change(before);
        Ok(())
    }

    /// Records that other settings applied until now.
    pub(super) fn record_change(&mut self, before: &TrainSpec) {
        let data = |spec: &TrainSpec| super::DataSpec { path: None, ..spec.data.clone() };
        let settings = TrainSpec {
            // Settings without effect on the past, and the model, which cannot change.
            epochs: self.spec.epochs,
            early_stopping: self.spec.early_stopping.clone(),
            keep: self.spec.keep,
            model: self.spec.model.clone(),
            preset: self.spec.preset.clone(),
            data: data(before),
            ..before.clone()
        };
        let now = TrainSpec { data: data(&self.spec), ..self.spec.clone() };
        let until_step = self.position.step;
        if settings != now && self.earlier.last().map_or(0, |earlier| earlier.until_step) < until_step {
            let settings = TrainSpec { model: None, preset: None, ..before.clone() };
            self.earlier.push(EarlierSettings { until_step, settings });
        }
    }
}

fn refuse(rule: String) -> Result<()> {
    Err(Error::value("resume", rule))
}

/// Refuses data other than the run's.
fn check_data(file: &ModelFile, record: &RunRecord, samples: usize, train: &dyn Dataset) -> Result<()> {
    if samples != train.len() {
        return refuse(format!("the run was trained on {samples} samples, the data has {}", train.len()));
    }
    let (known, found) = (&file.info.classes, train.classes());
    if known != found {
        return refuse(format!("the run knows the classes {}, the data has {}", known.join(", "), found.join(", ")));
    }
    let recorded = &record.data.train;
    if !recorded.digest.is_empty() && *recorded != SplitDigest::from_dataset(train)? {
        return refuse(format!(
            "the data is not what the run was trained on: its {samples} training samples differ, or their order"
        ));
    }
    Ok(())
}

/// Refuses changes of settings that cannot change during a run.
fn check_changes(before: &TrainSpec, now: &TrainSpec, position: Position) -> Result<()> {
    if before.seed != now.seed {
        let (old, new) = (before.seed, now.seed);
        return refuse(format!(
            "seed is {old} in the checkpoint and cannot become {new}: order and split follow from it"
        ));
    }
    if before.loss != now.loss {
        let [old, new] = [before, now].map(|spec| crate::json::write(&spec.loss).unwrap_or_default());
        return refuse(format!(
            "loss is {old} in the checkpoint and cannot become {new}: results could not be compared"
        ));
    }
    let (old, new) = (before.optimizer.name(), now.optimizer.name());
    if old != new {
        return refuse(format!("optimizer is {old} in the checkpoint: its state is of no use to {new}"));
    }
    if before.data.name != now.data.name {
        let (old, new) = (&before.data.name, &now.data.name);
        return refuse(format!("the run was trained on data of the kind {old}, not {new}"));
    }
    let fixed = |spec: &TrainSpec| (spec.data.mean.clone(), spec.data.std.clone());
    if fixed(before) != fixed(now) {
        return refuse(
            "data.mean and data.std cannot change: the model has learned with those of the checkpoint".into(),
        );
    }
    let begun = position.epoch + usize::from(position.batch > 0);
    if now.epochs < begun {
        return refuse(format!("epochs cannot become {}: {begun} have begun", now.epochs));
    }
    let of_epoch = |spec: &TrainSpec| (spec.batch_size, spec.drop_last, spec.data.shuffle);
    if position.batch > 0 && of_epoch(before) != of_epoch(now) {
        return refuse(format!(
            "batch_size ({}), drop_last and data.shuffle change between epochs only, and the checkpoint lies within one, \
             after batch {} of {}",
            before.batch_size, position.batch, position.batches
        ));
    }
    Ok(())
}

/// Refuses another test set, since results would not be comparable.
fn check_test(before: &TrainSpec, now: &TrainSpec, record: &RunRecord, samples: usize) -> Result<()> {
    let tested = record.data.test.samples;
    if before.data.test_limit != now.data.test_limit && !record.data.test.digest.is_empty() && tested != samples {
        return refuse(format!("test_limit cannot change: the run was tested on {tested} samples, not on {samples}"));
    }
    Ok(())
}

/// Refuses a model other than the checkpoint's, if one is specified.
fn check_model(before: &TrainSpec, now: &TrainSpec, model: &ModelSpec, train: &dyn Dataset) -> Result<()> {
    if (&before.model, &before.preset) == (&now.model, &now.preset) {
        return Ok(());
    }
    let specified = now.model_for(&model.input, train.outputs())?;
    if specified.layers == model.layers {
        return Ok(());
    }
    refuse(format!(
        "the checkpoint's model is {} with {} parameters, another model ({} with {}) cannot take its place",
        model.name,
        model.summary().parameters,
        specified.name,
        specified.summary().parameters
    ))
}

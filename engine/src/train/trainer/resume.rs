//! Resuming a run from a checkpoint. Changed settings apply from there on, or are refused by name;
//! none is ignored.

use std::sync::Arc;

use super::Trainer;
use super::learner::LearnerState;
use super::state::State;
use crate::data::Dataset;
use crate::format::model::ModelFile;
use crate::ops::Generator;
use crate::train::check::{check, check_schedule, input_shape};
use crate::train::checkpoint::{self, Scalars, run_spec};
use crate::train::record::{RunRecord, SplitDigest, run_record};
use crate::train::{ModelSpec, Position, TrainSpec};
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
        let training = checkpoint::read(file)?;
        let record = run_record(file)?.unwrap_or_default();
        let model: ModelSpec = crate::json::from_value(&file.info.spec)
            .map_err(|e| Error::value("resume", format!("the checkpoint's model is damaged: {e}")))?;
        let before = run_spec(file)?;
        if let Some(before) = &before {
            check_changes(before, &spec, training.rest.position)?;
        }
        check_data(file, &record, training.samples, train.as_ref())?;
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
        let Scalars { position, sums, patience, generator: [seed, calls], scheduler } = training.rest.clone();
        let learner = LearnerState {
            model: checkpoint::weights(file, device)?,
            optimizer: training.optimizer(file, device)?,
            scheduler,
            generator: Generator { seed, calls },
        };
        trainer.restore(&State { learner, position, sums, patience })?;
        let history = training.history(file.info.classes.len());
        trainer.selector.resume(history, checkpoint::best_weights(file, device)?);
        trainer.settings.resume(record.earlier);
        trainer.loaders.set_split(record.data.split);
        if let Some(before) = before {
            trainer.learner.apply_changes(&before, trainer.settings.spec())?;
            trainer.settings.record_change(&before, trainer.position.step);
        }
        let done = trainer.learner.scheduled_steps();
        check_schedule(trainer.spec(), done, trainer.position.batches, trainer.position)?;
        Ok(trainer)
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

//! The start of a run: new, from a checkpoint, or from a model; at once, or when its data arrives.

use super::data::Samples;
use super::run::Run;
use super::{OpenDevice, Session};
use crate::protocol::{Begun, FromWorker, ResumeFrom, RunId};
use kindling::data::Subset;
use kindling::format::ModelFile;
use kindling::nn::{Module as _, StateDict};
use kindling::train::{ModelSpec, TrainSpec, Trainer, checkpoint_spec};
use kindling::{Error, Result};
use std::rc::Rc;
use std::sync::Arc;

/// Origin of a run.
#[derive(Clone)]
pub enum Origin {
    /// A specification.
    New(TrainSpec),
    /// A checkpoint.
    Checkpoint(Rc<ModelFile>),
    /// A model, and the settings to train it further.
    Model(Rc<ModelFile>, TrainSpec),
}

/// A run that waits for data.
pub struct WaitingRun {
    run: RunId,
    origin: Origin,
    /// True if training starts with the run.
    pub starts_training: bool,
}

impl Session {
    /// Begins a run, or lets it wait for data; it replaces the current run.
    pub(super) async fn begin(&mut self, run: RunId, origin: Origin) {
        self.run = None;
        self.waiting = Some(WaitingRun { run, origin, starts_training: false });
        if self.incoming.is_none() && self.loaded.is_none() {
            self.refuse_waiting("choose data first: there is none to train on");
        }
        self.begin_waiting().await;
    }

    pub(super) async fn resume(&mut self, run: RunId, from: ResumeFrom, bytes: &[u8]) {
        let file = match from {
            ResumeFrom::File => ModelFile::from_bytes(bytes, "the checkpoint").map_err(|e| e.to_string()),
            ResumeFrom::Slot(slot) => match self.check_data(&slot).await {
                Ok(()) => self.take_checkpoint(slot).await,
                Err(reason) => Err(reason),
            },
        };
        match file {
            Ok(file) => self.begin(run, Origin::Checkpoint(Rc::new(file))).await,
            Err(reason) => self.fail(Some(run), reason),
        }
    }

    pub(super) async fn use_file(&mut self, run: RunId, spec: TrainSpec) {
        let Some((_, file)) = self.opened_file.clone() else {
            return self.fail(Some(run), "Open a model file first.".into());
        };
        let origin = if file.info.training.is_some() { Origin::Checkpoint(file) } else { Origin::Model(file, spec) };
        self.begin(run, origin).await;
    }

    /// Reports that the waiting run cannot begin.
    pub(super) fn refuse_waiting(&mut self, reason: &str) {
        if let Some(WaitingRun { run, .. }) = self.waiting.take() {
            self.fail(Some(run), format!("The run cannot begin: {reason}"));
        }
    }

    /// Begins the waiting run, if its data has arrived.
    pub(super) async fn begin_waiting(&mut self) {
        let Some(waiting) = &self.waiting else { return };
        let Some(loaded) = &self.loaded else { return };
        let arriving = self.incoming.as_ref().map(|incoming| incoming.load);
        // The run is for the data being opened, not for the data loaded before.
        if arriving.is_some_and(|load| load != loaded.load) {
            return;
        }
        if let Origin::Checkpoint(file) = &waiting.origin
            && arriving.is_some()
            && samples_of(file) > loaded.samples.train.len()
        {
            return;
        }
        let (load, samples) = (loaded.load, loaded.samples.clone());
        let (name, source) = (loaded.info.kind.clone(), loaded.source.clone());
        let Some(WaitingRun { run, mut origin, starts_training }) = self.waiting.take() else { return };
        if let Origin::New(spec) | Origin::Model(_, spec) = &mut origin {
            source.record(&name, &mut spec.data);
        }
        let opened = self.open_device(None).await;
        match trainer(&origin, &samples, &opened) {
            Ok(trainer) => {
                let saved = match &origin {
                    Origin::Checkpoint(file) => Some(file.clone()),
                    Origin::New(_) | Origin::Model(..) => None,
                };
                let is_new = matches!(origin, Origin::New(_));
                self.run = Some(Run::new(run, load, samples, trainer, saved, self.now()));
                self.announce();
                if !is_new {
                    // A later visit can resume from here.
                    self.autosave().await;
                }
                if starts_training {
                    self.train(run);
                }
            }
            Err(error) => self.fail(Some(run), error.to_string()),
        }
    }

    fn announce(&self) {
        let (Some(run), Some(opened)) = (&self.run, &self.device) else { return };
        let trainer = &run.trainer;
        let position = trainer.position();
        let model = trainer.model().spec();
        self.say(FromWorker::Begun(Begun {
            run: run.id,
            spec: TrainSpec { model: Some(model.clone()), preset: None, ..trainer.spec().clone() },
            parameters: model.summary().parameters,
            batches: position.batches,
            device: opened.name.clone(),
            kind: opened.kind,
            resumed_at: (position.step > 0).then_some(position),
            history: trainer.history().to_vec(),
        }));
    }
}

/// Creates the trainer of a run.
///
/// # Errors
/// The specification, the checkpoint or the model does not fit the data.
pub fn trainer(origin: &Origin, samples: &Samples, opened: &OpenDevice) -> Result<Trainer> {
    let device = &opened.device;
    let (train, test) = (samples.train.clone(), samples.test.clone());
    let mut trainer = match origin {
        Origin::New(spec) => Trainer::new(spec.clone().for_task(train.task()), train, test, device)?,
        Origin::Checkpoint(file) => {
            let spec = checkpoint_spec(file)?;
            let used = samples_of(file);
            // The run began with fewer samples: it resumes with them, and adds the rest at the end
            // of its epoch.
            let train = if used < train.len() { Arc::new(Subset::first(train, used)) } else { train };
            Trainer::resume(file, spec, train, test, device)?
        }
        Origin::Model(file, spec) => {
            let model: ModelSpec = kindling::json::from_value(&file.info.spec)
                .map_err(|e| Error::value("model", format!("the file's description of the model is damaged: {e}")))?;
            let mut spec = TrainSpec { model: Some(model), preset: None, ..spec.clone() };
            if let Some(normalization) = &file.info.normalization {
                spec.data.mean = Some(normalization.mean.clone());
                spec.data.std = Some(normalization.std.clone());
            }
            let trainer = Trainer::new(spec, train, test, device)?;
            let mut dict = StateDict::default();
            for (name, tensor) in file.state() {
                dict.insert(name.clone(), tensor.to_tensor(device)?);
            }
            trainer.model().load_state_dict(&dict)?;
            trainer
        }
    };
    trainer.set_split(samples.split.clone());
    if let Some(validation) = &samples.validation {
        trainer.set_validation(validation.clone())?;
    }
    Ok(trainer)
}

/// Returns the number of samples that a checkpoint's run was trained on.
fn samples_of(file: &ModelFile) -> usize {
    let training = file.info.training.as_ref();
    let samples = training.and_then(|training| training.get("samples")?.as_u64());
    samples.and_then(|samples| usize::try_from(samples).ok()).unwrap_or(0)
}

//! How runs begin: anew, from a checkpoint, from a model; at once, or as soon as the data they wait for is there.

use super::data::Samples;
use super::run::Run;
use super::{Opened, Session};
use crate::protocol::{Begun, FromWorker, ResumeFrom, RunId};
use kindling::data::Subset;
use kindling::format::ModelFile;
use kindling::nn::{Module as _, StateDict};
use kindling::train::{ModelSpec, TrainSpec, Trainer, checkpoint_spec};
use kindling::{Error, Result};
use std::rc::Rc;
use std::sync::Arc;

/// What a run begins from.
#[derive(Clone)]
pub enum How {
    /// A specification.
    New(TrainSpec),
    /// A checkpoint.
    Checkpoint(Rc<ModelFile>),
    /// A model, and how it would be trained further.
    Model(Rc<ModelFile>, TrainSpec),
}

/// A run that waits for data.
pub struct Waiting {
    run: RunId,
    how: How,
    /// Whether it has been told to go already.
    pub go: bool,
}

impl Session {
    /// Begins a run, or lets it wait until there is data; the run before it ends.
    pub(super) async fn begin(&mut self, run: RunId, how: How) {
        self.run = None;
        self.waiting = Some(Waiting { run, how, go: false });
        if self.incoming.is_none() && self.loaded.is_none() {
            self.refuse_waiting("choose data first: there is none to train on");
        }
        self.begin_waiting().await;
    }

    pub(super) async fn resume(&mut self, run: RunId, from: ResumeFrom, bytes: &[u8]) {
        let file = match from {
            ResumeFrom::File => ModelFile::from_bytes(bytes, "the checkpoint").map_err(|e| e.to_string()),
            ResumeFrom::Automatic => match self.check_data().await {
                Ok(()) => self.kept().await,
                Err(reason) => Err(reason),
            },
        };
        match file {
            Ok(file) => self.begin(run, How::Checkpoint(Rc::new(file))).await,
            Err(reason) => self.fail(Some(run), reason),
        }
    }

    pub(super) async fn use_inspected(&mut self, run: RunId, spec: TrainSpec) {
        let Some((_, file)) = self.inspected.clone() else {
            return self.fail(Some(run), "Open a file first: none has been looked into.".into());
        };
        let how = if file.info.training.is_some() { How::Checkpoint(file) } else { How::Model(file, spec) };
        self.begin(run, how).await;
    }

    /// Says that the run which waits for data cannot begin.
    pub(super) fn refuse_waiting(&mut self, reason: &str) {
        if let Some(Waiting { run, .. }) = self.waiting.take() {
            self.fail(Some(run), format!("The run cannot begin: {reason}"));
        }
    }

    /// Begins the run that waits, if its data is there.
    pub(super) async fn begin_waiting(&mut self) {
        let Some(waiting) = &self.waiting else { return };
        let Some(loaded) = &self.loaded else { return };
        let arriving = self.incoming.as_ref().map(|incoming| incoming.load);
        // What is being opened is what the run is for, not what was there before.
        if arriving.is_some_and(|load| load != loaded.load) {
            return;
        }
        if let How::Checkpoint(file) = &waiting.how
            && arriving.is_some()
            && samples_of(file) > loaded.samples.train.len()
        {
            return;
        }
        let (load, samples) = (loaded.load, loaded.samples.clone());
        let (name, source) = (loaded.info.kind.clone(), loaded.source.clone());
        let Some(Waiting { run, mut how, go }) = self.waiting.take() else { return };
        if let How::New(spec) | How::Model(_, spec) = &mut how {
            source.record(&name, &mut spec.data);
        }
        let opened = self.open_device(None).await;
        match trainer(&how, &samples, &opened) {
            Ok(trainer) => {
                let saved = match &how {
                    How::Checkpoint(file) => Some(file.clone()),
                    How::New(_) | How::Model(..) => None,
                };
                let is_new = matches!(how, How::New(_));
                self.run = Some(Run::new(run, load, samples, trainer, saved, self.now()));
                self.announce();
                if !is_new {
                    // Where the page is left now, another visit can go on from.
                    self.keep().await;
                }
                if go {
                    self.go(run);
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

/// The run as a checkpoint, a model or a specification has it.
pub fn trainer(how: &How, samples: &Samples, opened: &Opened) -> Result<Trainer> {
    let device = &opened.device;
    let (train, test) = (samples.train.clone(), samples.test.clone());
    let mut trainer = match how {
        How::New(spec) => Trainer::new(spec.clone().for_task(train.task()), train, test, device)?,
        How::Checkpoint(file) => {
            let spec = checkpoint_spec(file)?;
            let seen = samples_of(file);
            // It began when less had arrived: so it goes on, and takes up the rest at the end of its epoch.
            let train = if seen < train.len() { Arc::new(Subset::first(train, seen)) } else { train };
            Trainer::resume(file, spec, train, test, device)?
        }
        How::Model(file, spec) => {
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

/// How many samples a checkpoint's run was trained on.
fn samples_of(file: &ModelFile) -> usize {
    let training = file.info.training.as_ref();
    let samples = training.and_then(|training| training.get("samples")?.as_u64());
    samples.and_then(|samples| usize::try_from(samples).ok()).unwrap_or(0)
}

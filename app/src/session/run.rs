//! A run: trains, pauses, makes single steps, changes settings, and reports its progress.

use super::data::{Data, Loaded, Samples};
use super::kernels;
use super::log::Log;
use super::origin::Origin;
use super::page::Page;
use super::speed::Speed;
use super::views::step_view;
use crate::protocol::{FromWorker, LiveChange, Progress, RunId};
use kindling::format::ModelFile;
use kindling::train::{Evaluation, Event, Graph, LossReader, TrainSpec, Trainer};
use kindling::{Error, Result};
use std::rc::Rc;

/// Interval between automatic checkpoints within an epoch, in milliseconds.
const AUTOSAVE_INTERVAL_MS: f64 = 30_000.0;

/// A run.
pub struct Run {
    page: Page,
    id: RunId,
    /// Data that it trains on.
    data: Rc<Loaded>,
    trainer: Trainer,
    training: bool,
    stepping: bool,
    /// True if it waits, before its last epoch, for the rest of its data.
    held: bool,
    reader: LossReader,
    speed: Speed,
    /// True once the kernels of its steps have been tuned.
    tuned: bool,
    /// Last checkpoint, and its time.
    saved: Option<Rc<ModelFile>>,
    saved_at: f64,
    /// Step at which a device was lost.
    lost_at: Option<u64>,
    next_batch_size: Option<usize>,
    /// True if a setting was changed since the last checkpoint.
    changed: bool,
    /// Graph of the last inspected step.
    graph: Option<Graph>,
    log: Log,
}

/// Point that a run has reached, at which the session acts.
pub enum Reached {
    /// A step or a test batch.
    Step,
    /// The end of an epoch.
    EpochEnd,
    /// A single step, after which the run pauses.
    SingleStep,
}

impl Run {
    /// Creates a paused run; `saved` is the checkpoint it resumes from.
    pub fn new(page: Page, id: RunId, data: Rc<Loaded>, trainer: Trainer, saved: Option<Rc<ModelFile>>) -> Self {
        let now = page.now();
        let mut speed = Speed::default();
        speed.restart(trainer.device());
        Self {
            page,
            id,
            data,
            trainer,
            training: false,
            stepping: false,
            held: false,
            reader: LossReader::new(now),
            speed,
            tuned: false,
            saved,
            saved_at: now,
            lost_at: None,
            next_batch_size: None,
            changed: false,
            graph: None,
            log: Log::default(),
        }
    }

    /// Returns the run's id.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Returns the trainer.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// Returns the data that the run trains on.
    pub fn data(&self) -> &Loaded {
        &self.data
    }

    /// Returns the settings, with the layers of the model.
    pub fn spec(&self) -> TrainSpec {
        let model = self.trainer.model().spec().clone();
        TrainSpec { model: Some(model), preset: None, ..self.trainer.spec().clone() }
    }

    /// Returns the log of its steps.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Returns the last checkpoint.
    pub fn saved(&self) -> Option<&Rc<ModelFile>> {
        self.saved.as_ref()
    }

    /// Returns the last checkpoint, if there is one, and the steps.
    pub fn into_saved(self) -> Option<(Rc<ModelFile>, Log)> {
        Some((self.saved?, self.log))
    }

    /// Restores the steps of an earlier run up to the position at which this one resumes.
    pub fn restore_log(&mut self, log: Log) {
        self.log = log;
        self.log.cut(self.trainer.position().step);
    }

    /// Returns the recent milliseconds per step.
    pub fn ms_per_step(&self) -> f64 {
        self.speed.ms_per_step
    }

    /// Returns `true` if it is training or a step is requested.
    pub fn is_busy(&self) -> bool {
        (self.training || self.stepping) && !self.held
    }

    /// Returns `true` if an automatic checkpoint is due within an epoch.
    pub fn is_autosave_due(&self) -> bool {
        self.is_busy() && self.page.now() - self.saved_at >= AUTOSAVE_INTERVAL_MS
    }

    /// Starts or continues training.
    pub fn train(&mut self) {
        self.training = true;
        self.restart_clock();
        self.page.say(FromWorker::Training { run: self.id });
    }

    /// Pauses; returns `true` if it was training.
    pub fn pause(&mut self) -> bool {
        std::mem::replace(&mut self.training, false)
    }

    /// Requests a single step.
    pub fn step(&mut self) {
        self.stop();
        self.stepping = true;
        self.trainer.inspect_next_step();
    }

    /// Stops after the current event; returns `true` if it was training.
    fn stop(&mut self) -> bool {
        self.stepping = false;
        std::mem::replace(&mut self.training, false)
    }

    /// Stops for another run; returns `true` if its last checkpoint is out of date.
    pub fn stop_for_other(&mut self) -> bool {
        self.stop() || self.changed
    }

    /// Stops, and reports the reason.
    pub fn stop_with(&mut self, reason: String) {
        self.stop();
        self.page.fail(Some(self.id), reason);
    }

    /// Restarts the clock of the speed: the run did not train in the meantime.
    pub fn restart_clock(&mut self) {
        self.reader.restart(self.page.now());
    }

    /// Executes the next event: a step, a test batch, the end of an epoch.
    ///
    /// # Errors
    /// The loss is not finite; or the device fails.
    pub async fn advance(&mut self) -> Result<Reached> {
        self.speed.profile_if_due(&self.trainer, self.stepping, &self.page);
        let run = self.id;
        match self.trainer.next().await? {
            Event::Step(_) if self.stepping => {
                self.send_step().await?;
                return Ok(Reached::SingleStep);
            }
            Event::Step(_) => {
                if self.reader.is_due(self.trainer.pending()) {
                    self.read_losses().await?;
                }
            }
            Event::Test { done, of } => self.page.say(FromWorker::Testing { run, done, of }),
            Event::Epoch(result) => {
                self.send_results(0.0);
                self.page.say(FromWorker::Epoch { run, result });
                return Ok(Reached::EpochEnd);
            }
            Event::Done(ending) => {
                self.stop();
                let test = self.data.samples.validation.as_ref().and_then(|_| self.trainer.result().cloned());
                self.page.say(FromWorker::Ended { run, ending, test });
            }
        }
        Ok(Reached::Step)
    }

    /// Waits for the submitted steps.
    ///
    /// # Errors
    /// The loss is not finite; or the device fails.
    pub async fn settle(&mut self) -> Result<()> {
        self.trainer.settle().await
    }

    /// Waits for the submitted steps, reads their losses and sends them.
    async fn read_losses(&mut self) -> Result<()> {
        self.settle().await?;
        let elapsed = self.reader.read(self.trainer.unread(), self.page.now());
        self.send_results(elapsed);
        if !std::mem::replace(&mut self.tuned, true) {
            kernels::tune(self.trainer.device(), &self.page).await?;
            self.restart_clock();
            self.speed.restart(self.trainer.device());
        }
        Ok(())
    }

    /// Sends the steps whose losses were read in `elapsed` milliseconds, 0 if unknown.
    pub fn send_results(&mut self, elapsed: f64) {
        let results = self.trainer.take_read();
        if results.is_empty() {
            return;
        }
        let counters = self.trainer.device().counters();
        let batch_size = self.trainer.spec().batch_size;
        self.speed.record(results.len(), batch_size, counters.dispatches, elapsed);
        let lr = self.trainer.lr();
        self.log.record(&results, lr, self.page.now());
        self.page.say(FromWorker::Progress(Progress {
            run: self.id,
            position: self.trainer.position(),
            results,
            lr,
            samples_per_second: self.speed.samples_per_second,
            ms_per_step: self.speed.ms_per_step,
            gpu_bytes: if self.trainer.device().is_cpu() { 0 } else { counters.bytes_live },
            dispatches_per_step: self.speed.dispatches_per_step,
        }));
    }

    /// Stops, and sends the single step that was made.
    async fn send_step(&mut self) -> Result<()> {
        self.stop();
        self.settle().await?;
        let details = self.trainer.take_step_details().await?;
        self.send_results(0.0);
        if let Some(details) = details {
            self.graph = Some(details.graph.clone());
            let (step, rgba) = step_view(&self.trainer, details);
            self.page.say_with(FromWorker::Stepped { run: self.id, step }, vec![rgba]);
        }
        Ok(())
    }

    /// Evaluates the model on the test split; the run stays unchanged.
    ///
    /// # Errors
    /// The device fails.
    pub async fn evaluate(&self) -> Result<Evaluation> {
        let send = |done, of| self.page.say(FromWorker::Testing { run: self.id, done, of });
        self.trainer.evaluate(send).await
    }

    /// Returns the graph of the last inspected step, or of the next one.
    ///
    /// # Errors
    /// The data cannot be read; or the device fails.
    pub async fn graph(&mut self) -> Result<Graph> {
        let graph = match self.graph.take() {
            Some(graph) => graph,
            None => self.trainer.graph().await?,
        };
        self.graph = Some(graph.clone());
        self.send_results(0.0);
        Ok(graph)
    }

    /// Returns the run as a checkpoint file.
    ///
    /// # Errors
    /// A loss is not finite; or the device fails.
    pub async fn checkpoint_file(&mut self) -> Result<ModelFile> {
        self.trainer.checkpoint().await
    }

    /// Makes a checkpoint, from which the run resumes if its device is lost.
    ///
    /// # Errors
    /// A loss is not finite; or the device fails.
    pub async fn checkpoint(&mut self) -> Result<Rc<ModelFile>> {
        self.saved_at = self.page.now();
        let file = Rc::new(self.trainer.checkpoint().await?);
        self.changed = false;
        self.send_results(0.0);
        self.saved = Some(file.clone());
        Ok(file)
    }

    /// Applies changes that wait for the end of an epoch: samples that have arrived, the batch
    /// size. Before its last epoch the run waits for the rest of its data.
    pub fn between_epochs(&mut self, data: &Data) {
        let mut result = Ok(());
        if let Some(size) = self.next_batch_size.take() {
            result = self.trainer.set_batch_size(size);
        }
        if let Some(loaded) = data.loaded().filter(|loaded| loaded.load == self.data.load)
            && (loaded.samples.train.len() != self.trainer.train_loader().dataset().len()
                || loaded.samples.test.len() != self.trainer.test_loader().dataset().len())
        {
            self.data = loaded.clone();
            let Samples { train, validation, test, split } = loaded.samples.clone();
            result = result.and(self.trainer.set_data(train, test));
            result =
                result.and_then(|()| validation.map_or(Ok(()), |validation| self.trainer.set_validation(validation)));
            self.trainer.set_split(split);
        }
        let last = self.trainer.position().epoch + 1 >= self.trainer.spec().epochs;
        self.held = last && data.loading() == Some(self.data.load);
        self.page.report(result);
    }

    /// Continues if it waits for data of which no more will arrive.
    pub fn release(&mut self, data: &Data) {
        if self.held && data.loading() != Some(self.data.load) {
            self.between_epochs(data);
            self.restart_clock();
        }
    }

    /// Changes a setting.
    pub fn change(&mut self, change: LiveChange) {
        let (trainer, mut next_epoch) = (&mut self.trainer, false);
        let result = match change {
            LiveChange::Lr(lr) => trainer.set_lr(lr),
            LiveChange::Momentum(momentum) => trainer.set_momentum(momentum),
            LiveChange::WeightDecay(decay) => trainer.set_weight_decay(decay),
            LiveChange::Epochs(epochs) => trainer.set_epochs(epochs),
            LiveChange::EvaluateEvery(epochs) => trainer.set_evaluate_every(epochs),
            LiveChange::BatchSize(size) if trainer.is_between_epochs() => trainer.set_batch_size(size),
            LiveChange::BatchSize(0) => Err(Error::value("batch size", "it must be at least 1")),
            LiveChange::BatchSize(size) => {
                self.next_batch_size = Some(size);
                next_epoch = true;
                Ok(())
            }
        };
        let mut spec: TrainSpec = self.trainer.spec().clone();
        if let Some(size) = self.next_batch_size {
            spec.batch_size = size;
        }
        self.changed |= result.is_ok();
        match result {
            Ok(()) => self.page.say(FromWorker::Changed { run: self.id, spec, lr: self.trainer.lr(), next_epoch }),
            Err(error) => self.page.fail(None, error.to_string()),
        }
    }

    /// Returns the origin from which the run resumes on another device. `None` if no device was
    /// lost, or one was lost at this step before and would be again.
    pub fn origin_after(&mut self, error: &Error) -> Option<Origin> {
        let step = self.trainer.position().step;
        if !matches!(error, Error::Gpu(_)) || self.lost_at.replace(step) == Some(step) {
            return None;
        }
        Some(match &self.saved {
            Some(file) => Origin::Checkpoint(file.clone()),
            None => Origin::New(self.trainer.spec().clone()),
        })
    }

    /// Continues with the trainer of another device.
    pub fn resume_with(&mut self, trainer: Trainer, reason: String) {
        self.speed.restart(trainer.device());
        self.trainer = trainer;
        self.reader = LossReader::new(self.page.now());
        if self.stepping {
            self.trainer.inspect_next_step();
        }
        let step = self.trainer.position().step;
        self.log.cut(step);
        self.page.say(FromWorker::Recovered { run: self.id, reason, step });
    }
}

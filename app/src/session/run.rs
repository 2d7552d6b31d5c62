//! The current run: trains, pauses, makes single steps, changes settings, and resumes when its
//! device is lost.

use super::data::Samples;
use super::origin::{Origin, trainer};
use super::{OpenDevice, Session};
use crate::protocol::{FromWorker, LayerNorms, LiveChange, Progress, RunId, StepView};
use kindling::data::Task;
use kindling::device::Clock;
use kindling::format::ModelFile;
use kindling::train::{Event, Graph, LossReader, StepResult, TrainSpec, Trainer};
use kindling::{Device, Error, Result};
use std::rc::Rc;

/// Interval between profiles of a step, in milliseconds.
const PROFILE_INTERVAL_MS: f64 = 1000.0;

/// Interval between automatic checkpoints within an epoch, in milliseconds.
const AUTOSAVE_INTERVAL_MS: f64 = 30_000.0;

/// A run.
pub struct Run {
    pub id: RunId,
    /// Number of the load of its data.
    load: u32,
    samples: Samples,
    pub trainer: Trainer,
    training: bool,
    stepping: bool,
    /// True if it waits, before its last epoch, for the rest of its data.
    held: bool,
    reader: LossReader,
    /// True once the kernels of its steps have been tuned.
    tuned: bool,
    dispatches: u64,
    samples_per_second: f64,
    ms_per_step: f64,
    dispatches_per_step: f64,
    /// Time of the last profile.
    timed_at: f64,
    /// Last checkpoint, and its time.
    pub saved: Option<Rc<ModelFile>>,
    pub saved_at: f64,
    /// Step at which a device was lost.
    lost_at: Option<u64>,
    next_batch_size: Option<usize>,
    /// Graph of the last inspected step.
    pub graph: Option<Graph>,
    /// All steps, each with its learning rate and the time of its reading.
    pub log: Vec<(StepResult, f64, f64)>,
}

impl Run {
    pub fn new(
        id: RunId,
        load: u32,
        samples: Samples,
        trainer: Trainer,
        saved: Option<Rc<ModelFile>>,
        now: f64,
    ) -> Self {
        let dispatches = trainer.device().counters().dispatches;
        Self {
            id,
            load,
            samples,
            trainer,
            training: false,
            stepping: false,
            held: false,
            reader: LossReader::new(now),
            tuned: false,
            dispatches,
            samples_per_second: 0.0,
            ms_per_step: 0.0,
            dispatches_per_step: 0.0,
            timed_at: 0.0,
            saved,
            saved_at: now,
            lost_at: None,
            next_batch_size: None,
            graph: None,
            log: Vec::new(),
        }
    }

    pub fn is_busy(&self) -> bool {
        (self.training || self.stepping) && !self.held
    }

    /// Returns the recent milliseconds and kernels per step.
    pub fn speed(&self) -> (f64, f64) {
        (self.ms_per_step, self.dispatches_per_step)
    }

    /// Profiles the next step if the interval has passed, or for a single step.
    fn profile_if_due(&mut self, now: f64, clock: Clock) {
        let position = self.trainer.position();
        // At the ends of an epoch the next event may be a test batch.
        let is_step = position.batch > 0 && position.batch < position.batches;
        if self.stepping || is_step && now - self.timed_at >= PROFILE_INTERVAL_MS {
            self.timed_at = now;
            self.trainer.device().profile_next(clock);
        }
    }

    fn stop(&mut self) {
        (self.training, self.stepping) = (false, false);
    }
}

impl Session {
    fn run_of(&mut self, id: RunId) -> Option<&mut Run> {
        self.run.as_mut().filter(|run| run.id == id)
    }

    pub(super) fn train(&mut self, id: RunId) {
        let now = self.now();
        if let Some(waiting) = &mut self.waiting {
            waiting.starts_training = true;
        } else if let Some(run) = self.run_of(id) {
            run.training = true;
            run.reader.restart(now);
            self.say(FromWorker::Training { run: id });
        }
    }

    pub(super) async fn pause(&mut self, id: RunId) {
        if let Some(waiting) = &mut self.waiting {
            waiting.starts_training = false;
        }
        let Some(run) = self.run_of(id) else { return };
        if std::mem::replace(&mut run.training, false) {
            self.autosave().await;
        }
        self.say(FromWorker::Paused { run: id });
    }

    pub(super) fn step(&mut self, id: RunId) {
        if let Some(run) = self.run_of(id) {
            run.stop();
            run.stepping = true;
            run.trainer.inspect_next_step();
        }
    }

    /// Executes the run's next event: a step, a test batch, the end of an epoch.
    pub async fn advance(&mut self) {
        let (now, clock) = (self.now(), self.host.clock());
        let Some(run) = self.run.as_mut().filter(|run| run.is_busy()) else { return };
        let id = run.id;
        run.profile_if_due(now, clock);
        match run.trainer.next().await {
            Ok(Event::Step(_)) if run.stepping => self.stepped().await,
            Ok(Event::Step(_)) => {
                if run.reader.is_due(run.trainer.pending()) {
                    self.read_losses().await;
                }
            }
            Ok(Event::Test { done, of }) => self.say(FromWorker::Testing { run: id, done, of }),
            Ok(Event::Epoch(result)) => {
                self.send_results(0.0);
                self.say(FromWorker::Epoch { run: id, result });
                self.between_epochs();
                self.autosave().await;
                let now = self.now();
                self.run.iter_mut().for_each(|run| run.reader.restart(now));
            }
            Ok(Event::Done(ending)) => {
                run.stop();
                let test = run.samples.validation.as_ref().and_then(|_| run.trainer.result().cloned());
                self.say(FromWorker::Ended { run: id, ending, test });
            }
            Err(error) => self.handle_error(error).await,
        }
        let now = self.now();
        if self.run.as_ref().is_some_and(|run| run.is_busy() && now - run.saved_at >= AUTOSAVE_INTERVAL_MS) {
            self.autosave().await;
        }
    }

    /// Waits for the submitted steps, reads their losses and sends them.
    async fn read_losses(&mut self) {
        let Some(run) = &mut self.run else { return };
        if let Err(error) = run.trainer.settle().await {
            return self.handle_error(error).await;
        }
        let now = self.now();
        let Some(run) = &mut self.run else { return };
        let elapsed = run.reader.read(run.trainer.unread(), now);
        let untuned = !std::mem::replace(&mut run.tuned, true);
        let device = run.trainer.device().clone();
        self.send_results(elapsed);
        if untuned {
            if let Err(error) = self.tune(&device).await {
                return self.handle_error(error).await;
            }
            let (now, dispatches) = (self.now(), device.counters().dispatches);
            self.run.iter_mut().for_each(|run| {
                run.reader.restart(now);
                run.dispatches = dispatches;
            });
        }
    }

    /// Sends the steps whose losses were read in `elapsed` milliseconds, 0 if unknown.
    pub(super) fn send_results(&mut self, elapsed: f64) {
        let now = self.now();
        let Some(run) = &mut self.run else { return };
        let results = run.trainer.take_read();
        if results.is_empty() {
            return;
        }
        let counters = run.trainer.device().counters();
        let steps = results.len() as f64;
        if elapsed > 0.0 {
            // The first steps compile kernels, so recent steps have more weight.
            let blend = |old: f64, new: f64| if old == 0.0 { new } else { 0.7 * old + 0.3 * new };
            run.ms_per_step = blend(run.ms_per_step, elapsed / steps);
            let samples = steps * run.trainer.spec().batch_size as f64;
            run.samples_per_second = blend(run.samples_per_second, samples / elapsed * 1e3);
            run.dispatches_per_step = (counters.dispatches.saturating_sub(run.dispatches)) as f64 / steps;
        }
        run.dispatches = counters.dispatches;
        let lr = run.trainer.lr();
        run.log.extend(results.iter().map(|result| (*result, lr, now)));
        let progress = Progress {
            run: run.id,
            position: run.trainer.position(),
            results,
            lr,
            samples_per_second: run.samples_per_second,
            ms_per_step: run.ms_per_step,
            gpu_bytes: if run.trainer.device().is_cpu() { 0 } else { counters.bytes_live },
            dispatches_per_step: run.dispatches_per_step,
        };
        self.say(FromWorker::Progress(progress));
    }

    /// Sends the single step that was made, and pauses.
    async fn stepped(&mut self) {
        let Some(run) = &mut self.run else { return };
        run.stop();
        let id = run.id;
        if let Err(error) = run.trainer.settle().await {
            return self.handle_error(error).await;
        }
        let details = match run.trainer.take_step_details().await {
            Ok(details) => details,
            Err(error) => return self.handle_error(error).await,
        };
        let normalization = run.trainer.normalization().clone();
        self.send_results(0.0);
        if let (Some(details), Some(run)) = (details, &mut self.run) {
            run.graph = Some(details.graph.clone());
            const MAX_IMAGES: usize = 64;
            let correct =
                details.labels.iter().zip(&details.predictions).filter(|(label, predicted)| label == predicted).count();
            let accuracy = (run.trainer.train_loader().dataset().task() == Task::Classification)
                .then(|| correct as f64 / details.labels.len().max(1) as f64);
            let (values, dims) = details.inputs;
            let (size, rgba) = match *dims.as_slice() {
                [n, channels, height, width] => {
                    let part = values.iter().take(n.min(MAX_IMAGES) * channels * height * width);
                    let part: Vec<f64> = part.map(|x| f64::from(*x)).collect();
                    ([width, height], super::pixels::of_batch(&part, [channels, height, width], &normalization))
                }
                _ => ([0, 0], Vec::new()),
            };
            let first = |of: Vec<usize>| of.into_iter().take(MAX_IMAGES).collect();
            let layers = details.layers.into_iter().map(|layer| LayerNorms {
                name: layer.name,
                activation: layer.activation,
                weight: layer.parameters.map(|[weight, ..]| weight),
                gradient: layer.parameters.map(|[_, gradient, _]| gradient),
                update: layer.parameters.map(|[.., update]| update),
            });
            let step = StepView {
                step: details.step,
                loss: details.loss,
                accuracy,
                lr: details.lr,
                size,
                labels: first(details.labels),
                predictions: first(details.predictions),
                layers: layers.collect(),
            };
            self.say_with(FromWorker::Stepped { run: id, step }, vec![rgba]);
        }
        self.autosave().await;
        self.say(FromWorker::Paused { run: id });
    }

    /// Applies changes that wait for the end of an epoch: samples that have arrived, the batch
    /// size.
    fn between_epochs(&mut self) {
        let Some(run) = &mut self.run else { return };
        let mut result = Ok(());
        if let Some(size) = run.next_batch_size.take() {
            result = run.trainer.set_batch_size(size);
        }
        if let Some(loaded) = self.loaded.as_ref().filter(|loaded| loaded.load == run.load)
            && (loaded.samples.train.len() != run.trainer.train_loader().dataset().len()
                || loaded.samples.test.len() != run.trainer.test_loader().dataset().len())
        {
            run.samples = loaded.samples.clone();
            let Samples { train, validation, test, split } = run.samples.clone();
            result = result.and(run.trainer.set_data(train, test));
            result =
                result.and_then(|()| validation.map_or(Ok(()), |validation| run.trainer.set_validation(validation)));
            run.trainer.set_split(split);
        }
        let last = run.trainer.position().epoch + 1 >= run.trainer.spec().epochs;
        let arriving = self.incoming.as_ref().is_some_and(|incoming| incoming.load == run.load);
        run.held = last && arriving;
        self.report(result);
    }

    /// Continues a run that waited for data: it has arrived, or will not arrive.
    pub(super) fn release_held(&mut self) {
        if self.run.as_ref().is_some_and(|run| run.held) {
            self.between_epochs();
            let now = self.now();
            self.run.iter_mut().for_each(|run| {
                run.held = false;
                run.reader.restart(now);
            });
        }
    }

    pub(super) fn change(&mut self, id: RunId, change: LiveChange) {
        let Some(run) = self.run_of(id) else { return };
        let trainer = &mut run.trainer;
        let mut next_epoch = false;
        let result = match change {
            LiveChange::Lr(lr) => trainer.set_lr(lr),
            LiveChange::Momentum(momentum) => trainer.set_momentum(momentum),
            LiveChange::WeightDecay(decay) => trainer.set_weight_decay(decay),
            LiveChange::Epochs(epochs) => trainer.set_epochs(epochs),
            LiveChange::EvaluateEvery(epochs) => trainer.set_evaluate_every(epochs),
            LiveChange::BatchSize(size) if trainer.is_between_epochs() => trainer.set_batch_size(size),
            LiveChange::BatchSize(0) => Err(Error::value("batch size", "it must be at least 1")),
            LiveChange::BatchSize(size) => {
                run.next_batch_size = Some(size);
                next_epoch = true;
                Ok(())
            }
        };
        let mut spec: TrainSpec = run.trainer.spec().clone();
        if let Some(size) = run.next_batch_size {
            spec.batch_size = size;
        }
        let lr = run.trainer.lr();
        match result {
            Ok(()) => self.say(FromWorker::Changed { run: id, spec, lr, next_epoch }),
            Err(error) => self.fail(None, error.to_string()),
        }
    }

    /// Handles an error of a step: after a lost device the run resumes from its last checkpoint,
    /// else it pauses.
    pub(super) async fn handle_error(&mut self, error: Error) {
        let Some(run) = &mut self.run else { return };
        let (id, step) = (run.id, run.trainer.position().step);
        // A device that was lost twice at the same step would be lost again.
        let is_repeated = run.lost_at == Some(step);
        if !matches!(error, Error::Gpu(_)) || is_repeated {
            run.stop();
            return self.fail(Some(id), error.to_string());
        }
        run.lost_at = Some(step);
        let origin = match &run.saved {
            Some(file) => Origin::Checkpoint(file.clone()),
            None => Origin::New(run.trainer.spec().clone()),
        };
        let samples = run.samples.clone();
        self.device = None;
        let opened: OpenDevice = self.open_device(Some(format!("The device was lost: {error}"))).await;
        let made: Result<Trainer> = trainer(&origin, &samples, &opened);
        let now = self.now();
        let Some(run) = &mut self.run else { return };
        match made {
            Ok(trainer) => {
                run.dispatches = Device::counters(trainer.device()).dispatches;
                run.trainer = trainer;
                run.reader = LossReader::new(now);
                if run.stepping {
                    run.trainer.inspect_next_step();
                }
                let step = run.trainer.position().step;
                run.log.retain(|(result, ..)| result.step <= step);
                self.say(FromWorker::Recovered { run: id, reason: error.to_string(), step });
            }
            Err(second) => {
                run.stop();
                self.fail(Some(id), format!("{error}; and it cannot resume: {second}"));
            }
        }
    }
}

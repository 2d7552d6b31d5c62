//! A run under way: goes, stands, steps, is changed, and goes on by itself when its device is lost.

use super::begin::{How, trainer};
use super::data::Samples;
use super::{Opened, Session};
use crate::protocol::{FromWorker, LayerNorms, LiveChange, Progress, RunId, StepView};
use kindling::data::Task;
use kindling::device::Clock;
use kindling::format::ModelFile;
use kindling::train::{Event, Graph, LossReader, StepResult, TrainSpec, Trainer};
use kindling::{Device, Error, Result};
use std::rc::Rc;

/// How long a run goes until the kernels of a step are timed again, in milliseconds.
const TIME: f64 = 1000.0;

/// How long a run goes without a checkpoint, in milliseconds.
const KEEP: f64 = 30_000.0;

/// A run.
pub struct Run {
    pub id: RunId,
    /// The opening that its data belongs to.
    load: u32,
    samples: Samples,
    pub trainer: Trainer,
    going: bool,
    stepping: bool,
    /// Whether it waits, before its last epoch, for the rest of its data.
    held: bool,
    reader: LossReader,
    /// Whether the kernels of its steps have been measured.
    tuned: bool,
    dispatches: u64,
    images_per_second: f64,
    ms_per_step: f64,
    dispatches_per_step: f64,
    /// When the kernels of a step were timed.
    timed_at: f64,
    /// The last checkpoint, and when it was made.
    pub saved: Option<Rc<ModelFile>>,
    pub kept_at: f64,
    /// Where a device was lost.
    lost_at: Option<u64>,
    next_batch_size: Option<usize>,
    /// The graph of the last step that was seen closely.
    pub graph: Option<Graph>,
    /// All steps, with the learning rate and when they were read.
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
            going: false,
            stepping: false,
            held: false,
            reader: LossReader::new(now),
            tuned: false,
            dispatches,
            images_per_second: 0.0,
            ms_per_step: 0.0,
            dispatches_per_step: 0.0,
            timed_at: 0.0,
            saved,
            kept_at: now,
            lost_at: None,
            next_batch_size: None,
            graph: None,
            log: Vec::new(),
        }
    }

    pub fn is_busy(&self) -> bool {
        (self.going || self.stepping) && !self.held
    }

    /// Milliseconds and kernels a step, lately.
    pub fn pace(&self) -> (f64, f64) {
        (self.ms_per_step, self.dispatches_per_step)
    }

    /// Has the kernels of the next step timed, now and then.
    fn time(&mut self, now: f64, clock: Clock) {
        let position = self.trainer.position();
        // A test batch may come next at the ends of an epoch.
        let is_step = position.batch > 0 && position.batch < position.batches;
        if self.stepping || is_step && now - self.timed_at >= TIME {
            self.timed_at = now;
            self.trainer.device().profile_next(clock);
        }
    }

    fn stop(&mut self) {
        (self.going, self.stepping) = (false, false);
    }
}

impl Session {
    fn run_of(&mut self, id: RunId) -> Option<&mut Run> {
        self.run.as_mut().filter(|run| run.id == id)
    }

    pub(super) fn go(&mut self, id: RunId) {
        let now = self.now();
        if let Some(waiting) = &mut self.waiting {
            waiting.go = true;
        } else if let Some(run) = self.run_of(id) {
            run.going = true;
            run.reader.restart(now);
            self.say(FromWorker::Going { run: id });
        }
    }

    pub(super) async fn pause(&mut self, id: RunId) {
        if let Some(waiting) = &mut self.waiting {
            waiting.go = false;
        }
        let Some(run) = self.run_of(id) else { return };
        if std::mem::replace(&mut run.going, false) {
            self.keep().await;
        }
        self.say(FromWorker::Paused { run: id });
    }

    pub(super) fn step(&mut self, id: RunId) {
        if let Some(run) = self.run_of(id) {
            run.stop();
            run.stepping = true;
            run.trainer.watch_next();
        }
    }

    /// Does the run's next thing: a step, a test batch, the end of an epoch.
    pub async fn advance(&mut self) {
        let (now, clock) = (self.now(), self.outside.clock());
        let Some(run) = self.run.as_mut().filter(|run| run.is_busy()) else { return };
        let id = run.id;
        run.time(now, clock);
        match run.trainer.next().await {
            Ok(Event::Step(_)) if run.stepping => self.stepped().await,
            Ok(Event::Step(_)) => {
                if run.reader.is_due(run.trainer.pending()) {
                    self.look().await;
                }
            }
            Ok(Event::Test { done, of }) => self.say(FromWorker::Testing { run: id, done, of }),
            Ok(Event::Epoch(result)) => {
                self.tell_results(0.0);
                self.say(FromWorker::Epoch { run: id, result });
                self.between_epochs();
                self.keep().await;
                let now = self.now();
                self.run.iter_mut().for_each(|run| run.reader.restart(now));
            }
            Ok(Event::Done(ending)) => {
                run.stop();
                let test = run.samples.validation.as_ref().and_then(|_| run.trainer.result().cloned());
                self.say(FromWorker::Ended { run: id, ending, test });
            }
            Err(error) => self.trouble(error).await,
        }
        let now = self.now();
        if self.run.as_ref().is_some_and(|run| run.is_busy() && now - run.kept_at >= KEEP) {
            self.keep().await;
        }
    }

    /// Waits for the steps that were handed over, and tells of them.
    async fn look(&mut self) {
        let Some(run) = &mut self.run else { return };
        if let Err(error) = run.trainer.settle().await {
            return self.trouble(error).await;
        }
        let now = self.now();
        let Some(run) = &mut self.run else { return };
        let taken = run.reader.read(run.trainer.unread(), now);
        let untuned = !std::mem::replace(&mut run.tuned, true);
        let device = run.trainer.device().clone();
        self.tell_results(taken);
        if untuned {
            if let Err(error) = self.tune(&device).await {
                return self.trouble(error).await;
            }
            let (now, dispatches) = (self.now(), device.counters().dispatches);
            self.run.iter_mut().for_each(|run| {
                run.reader.restart(now);
                run.dispatches = dispatches;
            });
        }
    }

    /// Tells of the steps whose losses were read; `taken` is how long they took, in milliseconds, 0
    /// if that means nothing.
    pub(super) fn tell_results(&mut self, taken: f64) {
        let now = self.now();
        let Some(run) = &mut self.run else { return };
        let results = run.trainer.take_read();
        if results.is_empty() {
            return;
        }
        let counters = run.trainer.device().counters();
        let steps = results.len() as f64;
        if taken > 0.0 {
            // The first steps compile kernels: what follows weighs more.
            let blend = |old: f64, new: f64| if old == 0.0 { new } else { 0.7 * old + 0.3 * new };
            run.ms_per_step = blend(run.ms_per_step, taken / steps);
            let images = steps * run.trainer.spec().batch_size as f64;
            run.images_per_second = blend(run.images_per_second, images / taken * 1e3);
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
            images_per_second: run.images_per_second,
            ms_per_step: run.ms_per_step,
            gpu_bytes: if run.trainer.device().is_cpu() { 0 } else { counters.bytes_live },
            dispatches_per_step: run.dispatches_per_step,
        };
        self.say(FromWorker::Progress(progress));
    }

    /// A single step has been made: shows it, and stands still.
    async fn stepped(&mut self) {
        let Some(run) = &mut self.run else { return };
        run.stop();
        let id = run.id;
        if let Err(error) = run.trainer.settle().await {
            return self.trouble(error).await;
        }
        let details = match run.trainer.seen().await {
            Ok(details) => details,
            Err(error) => return self.trouble(error).await,
        };
        let normalization = run.trainer.normalization().clone();
        self.tell_results(0.0);
        if let (Some(details), Some(run)) = (details, &mut self.run) {
            run.graph = Some(details.graph.clone());
            const MOST: usize = 64;
            let hits = details.labels.iter().zip(&details.guesses).filter(|(label, guess)| label == guess).count();
            let accuracy = (run.trainer.train_loader().dataset().task() == Task::Classification)
                .then(|| hits as f64 / details.labels.len().max(1) as f64);
            let (values, dims) = details.inputs;
            let (size, rgba) = match *dims.as_slice() {
                [n, channels, height, width] => {
                    let part = values.iter().take(n.min(MOST) * channels * height * width);
                    let part: Vec<f64> = part.map(|x| f64::from(*x)).collect();
                    ([width, height], super::pixels::of_batch(&part, [channels, height, width], &normalization))
                }
                _ => ([0, 0], Vec::new()),
            };
            let first = |of: Vec<usize>| of.into_iter().take(MOST).collect();
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
                guesses: first(details.guesses),
                layers: layers.collect(),
            };
            self.say_with(FromWorker::Stepped { run: id, step }, vec![rgba]);
        }
        self.keep().await;
        self.say(FromWorker::Paused { run: id });
    }

    /// Does what was put off until the end of an epoch: takes up data that has arrived, changes the
    /// batch size.
    fn between_epochs(&mut self) {
        let Some(run) = &mut self.run else { return };
        let mut done = Ok(());
        if let Some(size) = run.next_batch_size.take() {
            done = run.trainer.set_batch_size(size);
        }
        if let Some(loaded) = self.loaded.as_ref().filter(|loaded| loaded.load == run.load)
            && (loaded.samples.train.len() != run.trainer.train_loader().dataset().len()
                || loaded.samples.test.len() != run.trainer.test_loader().dataset().len())
        {
            run.samples = loaded.samples.clone();
            let Samples { train, validation, test, split } = run.samples.clone();
            done = done.and(run.trainer.set_data(train, test));
            done = done.and_then(|()| validation.map_or(Ok(()), |validation| run.trainer.set_validation(validation)));
            run.trainer.set_split(split);
        }
        let last = run.trainer.position().epoch + 1 >= run.trainer.spec().epochs;
        let arriving = self.incoming.as_ref().is_some_and(|incoming| incoming.load == run.load);
        run.held = last && arriving;
        self.answer(done);
    }

    /// Data has arrived, or will not arrive any more: a run that waited for it goes on.
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
        let done = match change {
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
        match done {
            Ok(()) => self.say(FromWorker::Changed { run: id, spec, lr, next_epoch }),
            Err(error) => self.fail(None, error.to_string()),
        }
    }

    /// A step could not be made: after a lost device the run goes on from its last checkpoint, else
    /// it stands still.
    pub(super) async fn trouble(&mut self, error: Error) {
        let Some(run) = &mut self.run else { return };
        let (id, step) = (run.id, run.trainer.position().step);
        // A device that is lost twice at the same place will be lost again.
        let again = run.lost_at == Some(step);
        if !matches!(error, Error::Gpu(_)) || again {
            run.stop();
            return self.fail(Some(id), error.to_string());
        }
        run.lost_at = Some(step);
        let how = match &run.saved {
            Some(file) => How::Checkpoint(file.clone()),
            None => How::New(run.trainer.spec().clone()),
        };
        let samples = run.samples.clone();
        self.device = None;
        let opened: Opened = self.open_device(Some(format!("The device was lost: {error}"))).await;
        let made: Result<Trainer> = trainer(&how, &samples, &opened);
        let now = self.now();
        let Some(run) = &mut self.run else { return };
        match made {
            Ok(trainer) => {
                run.dispatches = Device::counters(trainer.device()).dispatches;
                run.trainer = trainer;
                run.reader = LossReader::new(now);
                if run.stepping {
                    run.trainer.watch_next();
                }
                let step = run.trainer.position().step;
                run.log.retain(|(result, ..)| result.step <= step);
                self.say(FromWorker::Recovered { run: id, reason: error.to_string(), step });
            }
            Err(second) => {
                run.stop();
                self.fail(Some(id), format!("{error}; and it cannot go on: {second}"));
            }
        }
    }
}

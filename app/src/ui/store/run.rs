//! The current run: progress, curves, settings, and the stored runs.

use super::records::{Record, Records};
use crate::protocol::{Begun, Progress, RunId, StepView};
use crate::ui::browser::Pixels;
use crate::ui::numbers;
use kindling::train::{Ending, EpochResult, Position, TrainSpec};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Maximum number of points of a stored curve.
const MAX_STORED_POINTS: usize = 300;

/// Phase of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// No run.
    #[default]
    None,
    /// The worker prepares it.
    Starting,
    /// It is training.
    Training,
    /// It is paused.
    Paused,
    /// It has ended.
    Ended(Ending),
}

/// Metrics over steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// Training loss of each step.
    pub loss: Vec<(f64, f64)>,
    /// Training accuracy of each step.
    pub accuracy: Vec<(f64, f64)>,
    /// Loss of each evaluation.
    pub test_loss: Vec<(f64, f64)>,
    /// Accuracy of each evaluation.
    pub test_accuracy: Vec<(f64, f64)>,
    /// Learning rate; constant segments by their ends.
    pub lr: Vec<(f64, f64)>,
}

impl Curves {
    fn epoch(&mut self, result: &EpochResult) {
        // A loss that is not finite cannot be drawn.
        if let Some(test) = result.evaluation().filter(|evaluation| evaluation.loss.is_finite()) {
            self.test_loss.push((result.step as f64, test.loss));
            self.test_accuracy.extend(test.accuracy.map(|accuracy| (result.step as f64, accuracy)));
        }
    }

    /// Drops the points after a step: a run that resumes from a checkpoint repeats them.
    fn cut(&mut self, step: f64) {
        for line in [&mut self.loss, &mut self.accuracy, &mut self.test_loss, &mut self.test_accuracy, &mut self.lr] {
            line.truncate(line.partition_point(|(at, _)| *at <= step));
        }
    }

    /// Returns the curves with at most [`MAX_STORED_POINTS`] points each, means of consecutive
    /// points.
    fn thinned(&self) -> Self {
        let thin = |line: &[(f64, f64)]| {
            let width = line.len().div_ceil(MAX_STORED_POINTS).max(1);
            let mean = |part: &[(f64, f64)]| {
                let n = part.len() as f64;
                let round = |x: f64| (x * 1e5).round() / 1e5;
                (part.last().map_or(0.0, |p| p.0), round(part.iter().map(|p| p.1).sum::<f64>() / n))
            };
            line.chunks(width).map(mean).collect()
        };
        Self {
            loss: thin(&self.loss),
            accuracy: thin(&self.accuracy),
            test_loss: self.test_loss.clone(),
            test_accuracy: self.test_accuracy.clone(),
            lr: Vec::new(),
        }
    }
}

/// Progress and speed of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RunStats {
    /// Current position.
    pub position: Position,
    /// Samples per second.
    pub samples_per_second: f64,
    /// Milliseconds per step.
    pub ms_per_step: f64,
    /// Bytes allocated on the GPU; 0 on the CPU.
    pub gpu_bytes: u64,
    /// Kernels per step.
    pub dispatches: f64,
    /// Learning rate of the next step.
    pub lr: f64,
    /// Seconds since the start of the epoch.
    pub elapsed: f64,
}

/// The run that was replaced last, and can return.
#[derive(Clone, Debug, PartialEq)]
pub struct Replaced {
    /// True if a run from a file or an earlier visit replaced it, not a reset.
    pub by_opened: bool,
    curves: Curves,
    record: Option<u32>,
}

/// Signals of the run.
#[derive(Clone, Copy)]
pub struct Run {
    /// Id of the run.
    pub id: RwSignal<RunId>,
    /// Phase of the run.
    pub phase: RwSignal<Phase>,
    /// Settings of the run, as reported by the worker.
    pub spec: RwSignal<Option<TrainSpec>>,
    /// The worker's message at its start.
    pub begun: RwSignal<Option<Begun>>,
    /// Progress and speed.
    pub stats: RwSignal<RunStats>,
    /// Curves of the run.
    pub curves: RwSignal<Curves>,
    /// Metrics of the last epoch.
    pub epoch: RwSignal<Option<EpochResult>>,
    /// Batches processed and in all, during an evaluation.
    pub testing: RwSignal<Option<(usize, usize)>>,
    /// Last inspected step, and the images of its batch.
    pub step: RwSignal<Option<(StepView, Pixels)>>,
    /// Stored runs, including this one once it has begun.
    pub records: Records,
    /// Number of this run among them.
    pub record: RwSignal<Option<u32>>,
    /// Run that this one replaced, until this one has made steps and a checkpoint.
    pub replaced: RwSignal<Option<Replaced>>,
    /// True if the replaced run is starting.
    returns: StoredValue<bool>,
    /// Last assigned id.
    last_id: StoredValue<RunId>,
    /// Phase to return to if the starting run cannot begin.
    phase_before: StoredValue<Phase>,
    /// Start time and number of the epoch that is timed.
    epoch_clock: StoredValue<(f64, usize)>,
}

impl Run {
    /// Creates a state without a run, and reads the stored runs.
    pub fn new() -> Self {
        Self {
            id: RwSignal::new(0),
            phase: RwSignal::new(Phase::None),
            spec: RwSignal::new(None),
            begun: RwSignal::new(None),
            stats: RwSignal::new(RunStats::default()),
            curves: RwSignal::new(Curves::default()),
            epoch: RwSignal::new(None),
            testing: RwSignal::new(None),
            step: RwSignal::new(None),
            records: Records::new(),
            record: RwSignal::new(None),
            replaced: RwSignal::new(None),
            returns: StoredValue::new(false),
            last_id: StoredValue::new(0),
            phase_before: StoredValue::new(Phase::None),
            epoch_clock: StoredValue::new((0.0, usize::MAX)),
        }
    }

    /// Returns `true` if an event belongs to this run.
    pub fn is(&self, run: RunId) -> bool {
        self.id.get_untracked() == run
    }

    /// Advances to the next run, and returns its id.
    pub fn next(&self) -> RunId {
        self.save_record();
        match self.phase.get_untracked() {
            Phase::Starting => {}
            // The worker pauses it.
            Phase::Training => self.phase_before.set_value(Phase::Paused),
            phase => self.phase_before.set_value(phase),
        }
        self.last_id.update_value(|id| *id += 1);
        self.id.set(self.last_id.get_value());
        self.phase.set(Phase::Starting);
        self.testing.set(None);
        self.returns.set_value(false);
        self.last_id.get_value()
    }

    /// Advances to the run that was replaced, and returns its new id.
    pub fn next_returns(&self) -> RunId {
        let id = self.next();
        self.returns.set_value(true);
        id
    }

    /// Handles that the run has failed. One that could not begin leaves the one before, paused.
    pub fn on_failed(&self) {
        if self.phase.get_untracked() == Phase::Starting {
            if let Some(before) = self.begun.with_untracked(|begun| begun.as_ref().map(|begun| begun.run)) {
                self.id.set(before);
            }
            self.phase.set(self.phase_before.get_value());
        } else {
            self.phase.set(Phase::Paused);
        }
        self.pause_clock();
    }

    /// Handles the start of the run by the worker; `is_opened` is true if it comes from a file or
    /// an earlier visit.
    pub fn on_begun(&self, begun: Begun, data: String, is_opened: bool) {
        let position = begun.resumed_at.unwrap_or(Position { batches: begun.batches, ..Position::default() });
        // A worker that replaced another resumes the same run, whose curves stay.
        let is_same = self.begun.with_untracked(|known| known.as_ref().is_some_and(|known| known.run == begun.run));
        if is_same {
            self.curves.update(|curves| curves.cut(position.step as f64));
        } else if let Some(replaced) = self.returning() {
            let Replaced { mut curves, record, .. } = replaced;
            curves.cut(position.step as f64);
            self.curves.set(curves);
            self.step.set(None);
            self.delete_empty_record();
            self.record.set(record);
        } else {
            let replaced = self.curves.get_untracked();
            if !replaced.loss.is_empty() {
                let record = self.record.get_untracked();
                self.replaced.set(Some(Replaced { by_opened: is_opened, curves: replaced, record }));
            }
            let mut curves = Curves::default();
            begun.history.iter().for_each(|result| {
                curves.loss.push((result.step as f64, result.train_loss));
                curves.accuracy.extend(result.train_accuracy.map(|accuracy| (result.step as f64, accuracy)));
                curves.epoch(result);
            });
            self.curves.set(curves);
            self.step.set(None);
            self.add_record(&begun, data);
        }
        self.epoch.set(begun.history.last().cloned());
        self.stats.set(RunStats { position, lr: begun.spec.optimizer.lr(), ..RunStats::default() });
        self.spec.set(Some(begun.spec.clone()));
        self.begun.set(Some(begun));
        self.phase.set(Phase::Paused);
    }

    fn returning(&self) -> Option<Replaced> {
        if self.returns.get_value() { self.replaced.try_update(Option::take).flatten() } else { None }
    }

    /// Handles that the run has a checkpoint: one with steps makes the replaced run's return
    /// impossible.
    pub fn on_checkpoint(&self, step: u64) {
        let begun_at = |begun: &Begun| begun.resumed_at.map_or(0, |at| at.step);
        if self.begun.with_untracked(|begun| begun.as_ref().is_some_and(|begun| step > begun_at(begun))) {
            self.replaced.set(None);
        }
    }

    fn delete_empty_record(&self) {
        if let Some(number) = self.record.get_untracked() {
            self.records.delete_if_empty(number);
        }
    }

    fn add_record(&self, begun: &Begun, data: String) {
        self.delete_empty_record();
        let number = self.records.add(Record {
            number: 0,
            name: begun.spec.model.as_ref().map_or_else(String::new, |model| model.name.clone()),
            data,
            spec: begun.spec.clone(),
            device: begun.device.clone(),
            parameters: begun.parameters,
            began: js_sys::Date::now(),
            curves: Curves::default(),
            epochs: begun.history.len(),
        });
        self.record.set(Some(number));
    }

    /// Adds steps.
    pub fn progress(&self, progress: Progress) {
        let now = js_sys::Date::now();
        let position = progress.position;
        let (began, epoch) = self.epoch_clock.get_value();
        let began = if epoch == position.epoch {
            began
        } else {
            let spent = position.batch as f64 * progress.ms_per_step;
            self.epoch_clock.set_value((now - spent, position.epoch));
            now - spent
        };
        self.stats.set(RunStats {
            position,
            samples_per_second: progress.samples_per_second,
            ms_per_step: progress.ms_per_step,
            gpu_bytes: progress.gpu_bytes,
            dispatches: progress.dispatches_per_step,
            lr: progress.lr,
            elapsed: (now - began) / 1000.0,
        });
        self.testing.set(None);
        self.curves.update(|curves| {
            for result in &progress.results {
                curves.loss.push((result.step as f64, result.loss));
                curves.accuracy.extend(result.accuracy.map(|accuracy| (result.step as f64, accuracy)));
            }
            if let Some(last) = progress.results.last() {
                let point = (last.step as f64, progress.lr);
                match curves.lr.as_mut_slice() {
                    // A constant segment has two points.
                    [.., start, end] if start.1 == point.1 && end.1 == point.1 => *end = point,
                    _ => curves.lr.push(point),
                }
            }
        });
    }

    /// Adds a finished epoch.
    pub fn add_epoch(&self, result: EpochResult) {
        self.testing.set(None);
        self.replaced.set(None);
        self.curves.update(|curves| curves.epoch(&result));
        self.epoch.set(Some(result));
        self.save_record();
    }

    /// Rewinds the curves to an earlier step.
    pub fn rewind(&self, step: u64) {
        self.curves.update(|curves| curves.cut(step as f64));
    }

    /// Stops the epoch's clock: the run is paused.
    pub fn pause_clock(&self) {
        self.epoch_clock.set_value((0.0, usize::MAX));
        self.testing.set(None);
        self.save_record();
    }

    /// Stores this run's curves.
    pub fn save_record(&self) {
        let Some(number) = self.record.get_untracked() else { return };
        let curves = self.curves.with_untracked(Curves::thinned);
        let epochs = self.epoch.with_untracked(|epoch| epoch.as_ref().map_or(0, |epoch| epoch.epoch));
        let spec = self.spec.get_untracked();
        self.records.change(number, |record| {
            record.curves = curves;
            record.epochs = epochs;
            if let Some(spec) = spec {
                record.spec = spec;
            }
        });
    }

    /// Returns the progress of the epoch.
    pub fn epoch_progress(&self) -> numbers::Progress {
        let (stats, epochs) = (self.stats.get(), self.spec.with(|spec| spec.as_ref().map_or(0, |spec| spec.epochs)));
        let at = stats.position;
        // Between two epochs, the finished one is shown.
        let (epoch, batch) =
            if at.batch == 0 && at.epoch > 0 { (at.epoch, at.batches) } else { (at.epoch + 1, at.batch) };
        numbers::Progress {
            epoch: [epoch.min(epochs.max(1)), epochs],
            batch: [batch, at.batches],
            elapsed: stats.elapsed,
            loss: self.curves.with(|curves| curves.loss.last().map(|point| point.1)),
            rate: if stats.ms_per_step > 0.0 { 1000.0 / stats.ms_per_step } else { 0.0 },
        }
    }
}

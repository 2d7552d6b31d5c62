//! The run: how far it is, what its curves are, which settings it has, and the runs before it.

use super::records::{Record, Records};
use crate::protocol::{Begun, Progress, RunId, StepView};
use crate::ui::browser::Pixels;
use crate::ui::numbers;
use kindling::train::{Ending, EpochResult, Position, TrainSpec};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Largest number of points of a stored curve.
const MAX_STORED_POINTS: usize = 300;

/// What a run is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// There is none.
    #[default]
    None,
    /// The worker is making it ready.
    Starting,
    /// It learns.
    Going,
    /// It stands still.
    Paused,
    /// It is over.
    Ended(Ending),
}

/// Figures over steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// The loss of each step.
    pub loss: Vec<(f64, f64)>,
    /// The accuracy of each step.
    pub accuracy: Vec<(f64, f64)>,
    /// The loss on the test set, where it was measured.
    pub test_loss: Vec<(f64, f64)>,
    /// The accuracy on the test set.
    pub test_accuracy: Vec<(f64, f64)>,
    /// The learning rate.
    pub lr: Vec<(f64, f64)>,
}

impl Curves {
    fn epoch(&mut self, result: &EpochResult) {
        // A loss that is no number has no place on a chart.
        if let Some(test) = result.evaluation().filter(|evaluation| evaluation.loss.is_finite()) {
            self.test_loss.push((result.step as f64, test.loss));
            self.test_accuracy.extend(test.accuracy.map(|accuracy| (result.step as f64, accuracy)));
        }
    }

    /// Drops what lies beyond a step: a run that goes on from a checkpoint repeats it.
    fn cut(&mut self, step: f64) {
        for line in [&mut self.loss, &mut self.accuracy, &mut self.test_loss, &mut self.test_accuracy, &mut self.lr] {
            line.truncate(line.partition_point(|(at, _)| *at <= step));
        }
    }

    /// The same in at most [`MAX_STORED_POINTS`] points a line, each the mean of its neighbours.
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

/// How fast a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    /// Where it is.
    pub position: Position,
    /// Samples a second.
    pub images_per_second: f64,
    /// Milliseconds a step.
    pub ms_per_step: f64,
    /// Bytes on the GPU.
    pub gpu_bytes: u64,
    /// Kernels a step.
    pub dispatches: f64,
    /// The learning rate of the next step.
    pub lr: f64,
    /// Seconds spent on this epoch.
    pub elapsed: f64,
}

/// The run's signals.
#[derive(Clone, Copy)]
pub struct Run {
    /// Its number.
    pub id: RwSignal<RunId>,
    /// What it is doing.
    pub phase: RwSignal<Phase>,
    /// Its settings, as the worker has them.
    pub spec: RwSignal<Option<TrainSpec>>,
    /// What the worker said when it began.
    pub begun: RwSignal<Option<Begun>>,
    /// How fast it is.
    pub pace: RwSignal<Pace>,
    /// Its curves.
    pub curves: RwSignal<Curves>,
    /// The last epoch.
    pub epoch: RwSignal<Option<EpochResult>>,
    /// Batches tested, and to test.
    pub testing: RwSignal<Option<(usize, usize)>>,
    /// The last single step, and the pictures of its batch.
    pub step: RwSignal<Option<(StepView, Pixels)>>,
    /// The stored runs, this one among them once it has begun.
    pub records: Records,
    /// The number of this run among them.
    pub record: RwSignal<Option<u32>>,
    /// When this epoch began, and seconds spent on it in earlier stretches.
    watch: StoredValue<(f64, usize)>,
}

impl Run {
    /// No run yet; the stored runs are read.
    pub fn new() -> Self {
        Self {
            id: RwSignal::new(0),
            phase: RwSignal::new(Phase::None),
            spec: RwSignal::new(None),
            begun: RwSignal::new(None),
            pace: RwSignal::new(Pace::default()),
            curves: RwSignal::new(Curves::default()),
            epoch: RwSignal::new(None),
            testing: RwSignal::new(None),
            step: RwSignal::new(None),
            records: Records::new(),
            record: RwSignal::new(None),
            watch: StoredValue::new((0.0, usize::MAX)),
        }
    }

    /// Whether an event belongs to this run.
    pub fn is(&self, run: RunId) -> bool {
        self.id.get_untracked() == run
    }

    /// The number of the next run, which is this one from now on.
    pub fn next(&self) -> RunId {
        self.keep();
        self.id.update(|id| *id += 1);
        self.phase.set(Phase::Starting);
        self.testing.set(None);
        self.id.get_untracked()
    }

    /// The worker has begun it.
    pub fn begins(&self, begun: Begun, data: String) {
        let position = begun.resumed_at.unwrap_or(Position { batches: begun.batches, ..Position::default() });
        // A worker that took another's place goes on with the same run: its curves stay.
        let same = self.begun.with_untracked(|known| known.as_ref().is_some_and(|known| known.run == begun.run));
        if same {
            self.curves.update(|curves| curves.cut(position.step as f64));
        } else {
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
        self.pace.set(Pace { position, lr: begun.spec.optimizer.lr(), ..Pace::default() });
        self.spec.set(Some(begun.spec.clone()));
        self.begun.set(Some(begun));
        self.phase.set(Phase::Paused);
    }

    fn add_record(&self, begun: &Begun, data: String) {
        if let Some(number) = self.record.get_untracked() {
            self.records.delete_if_empty(number);
        }
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

    /// Steps have been made.
    pub fn progress(&self, progress: Progress) {
        let now = js_sys::Date::now();
        let position = progress.position;
        let (began, epoch) = self.watch.get_value();
        let began = if epoch == position.epoch {
            began
        } else {
            let spent = position.batch as f64 * progress.ms_per_step;
            self.watch.set_value((now - spent, position.epoch));
            now - spent
        };
        self.pace.set(Pace {
            position,
            images_per_second: progress.images_per_second,
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
                    // A stretch at one rate is its two ends.
                    [.., start, end] if start.1 == point.1 && end.1 == point.1 => *end = point,
                    _ => curves.lr.push(point),
                }
            }
        });
    }

    /// An epoch has ended.
    pub fn epoch_ends(&self, result: EpochResult) {
        self.testing.set(None);
        self.curves.update(|curves| curves.epoch(&result));
        self.epoch.set(Some(result));
        self.keep();
    }

    /// The run goes on from an earlier step.
    pub fn goes_back(&self, step: u64) {
        self.curves.update(|curves| curves.cut(step as f64));
    }

    /// A pause: the clock of the epoch stands still.
    pub fn stands_still(&self) {
        self.watch.set_value((0.0, usize::MAX));
        self.testing.set(None);
        self.keep();
    }

    /// Keeps this run's curves with the others.
    pub fn keep(&self) {
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

    /// The line that says how far it is.
    pub fn line(&self) -> numbers::Progress {
        let (pace, epochs) = (self.pace.get(), self.spec.with(|spec| spec.as_ref().map_or(0, |spec| spec.epochs)));
        let at = pace.position;
        // Between two epochs the one that has ended is shown.
        let (epoch, batch) =
            if at.batch == 0 && at.epoch > 0 { (at.epoch, at.batches) } else { (at.epoch + 1, at.batch) };
        numbers::Progress {
            epoch: [epoch.min(epochs.max(1)), epochs],
            batch: [batch, at.batches],
            elapsed: pace.elapsed,
            loss: self.curves.with(|curves| curves.loss.last().map(|point| point.1)),
            rate: if pace.ms_per_step > 0.0 { 1000.0 / pace.ms_per_step } else { 0.0 },
        }
    }
}

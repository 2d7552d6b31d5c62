//! The start of runs: new ones, continued ones, those of files and of earlier visits.

use super::{Phase, SavedRun, Status, Store};
use crate::hardware_text;
use crate::protocol::{DataKind, DataSource, DeviceKind, FileSummary, Hardware, LiveChange, ResumeFrom, ToWorker};
use crate::ui::model::memory::MAX_CPU_BYTES;
use kindling::train::{DataSpec, Ending, TrainSpec};
use leptos::prelude::*;

/// Consequences of the start of a run, once it has begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Starting {
    action: Option<AfterStart>,
    adopts: Adopts,
}

impl Starting {
    /// Returns `true` if the run comes from a file or an earlier visit.
    pub fn is_opened(&self) -> bool {
        self.adopts != Adopts::Nothing
    }
}

/// Action after the start of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterStart {
    Train,
    Step,
}

/// Part of a run's settings that the draft adopts when the run has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Adopts {
    #[default]
    Nothing,
    Model,
    All,
}

impl Store {
    /// Trains: continues a paused run, or one that has finished and has more epochs now; else
    /// starts a new run.
    pub fn train(&self) {
        self.start_or(AfterStart::Train);
    }

    /// Pauses training, or trains.
    pub fn toggle(&self) {
        match self.run.phase.get_untracked() {
            Phase::Training => self.pause(),
            _ => self.train(),
        }
    }

    /// Returns `true` if the run has finished and the draft asks for more epochs than it has had.
    pub fn can_continue(&self) -> bool {
        let finished = self.run.spec.with(|spec| spec.as_ref().map_or(usize::MAX, |spec| spec.epochs));
        self.run.phase.get() == Phase::Ended(Ending::Finished) && self.draft.spec.with(|spec| spec.epochs) > finished
    }

    /// Trains on one batch.
    pub fn step(&self) {
        self.start_or(AfterStart::Step);
    }

    fn start_or(&self, action: AfterStart) {
        match self.run.phase.get_untracked() {
            Phase::Paused | Phase::Training => self.follow(action),
            Phase::Starting => self.starting.update(|starting| starting.action = Some(action)),
            Phase::Ended(_) if untrack(|| self.can_continue()) => {
                let (run, epochs) = (self.run.id.get_untracked(), self.draft.spec.with_untracked(|spec| spec.epochs));
                self.send(ToWorker::Change { run, change: LiveChange::Epochs(epochs) });
                self.follow(action);
            }
            Phase::None | Phase::Ended(_) => self.begin(Some(action)),
        }
    }

    fn follow(&self, action: AfterStart) {
        let run = self.run.id.get_untracked();
        self.send(match action {
            AfterStart::Train => ToWorker::Train(run),
            AfterStart::Step => ToWorker::Step(run),
        });
    }

    /// Pauses after the current step.
    pub fn pause(&self) {
        self.starting.update(|starting| starting.action = None);
        self.send(ToWorker::Pause(self.run.id.get_untracked()));
    }

    /// Starts a new run with the draft, paused.
    pub fn reset(&self) {
        self.begin(None);
    }

    /// Returns to the run that the current one replaced, at its last checkpoint.
    pub fn undo_replace(&self) {
        self.starting.set(Starting::default());
        let run = self.run.next_returns();
        self.send(ToWorker::Resume { run, from: ResumeFrom::Replaced });
    }

    /// Starts a new run with the draft, and trains.
    pub fn restart(&self) {
        self.begin(Some(AfterStart::Train));
    }

    fn begin(&self, action: Option<AfterStart>) {
        let spec = untrack(|| self.draft.run_spec());
        if let Some(mismatch) = untrack(|| self.draft.mismatch()) {
            return self.notify(true, format!("The model does not fit: {mismatch}."));
        }
        if let Err(error) = spec.check() {
            return self.notify(true, error.to_string());
        }
        if let Some(reason) = untrack(|| self.too_large()) {
            return self.notify(true, reason);
        }
        self.starting.set(Starting { action, ..Starting::default() });
        let run = self.run.next();
        self.send(ToWorker::Begin { run, spec });
    }

    /// Returns the reason why the draft's model cannot be trained on this device, if its memory is
    /// known to be too small.
    fn too_large(&self) -> Option<String> {
        let memory = self.draft.memory();
        let is_cpu = self.device.with(|device| device.as_ref().is_none_or(|device| device.kind == DeviceKind::Cpu));
        let (needed, limit, owner) = match self.status.get() {
            Status::Known(Hardware::Gpu(adapter) | Hardware::Software(adapter)) if !is_cpu => {
                (memory.parameters, adapter.max_buffer, "a buffer of this GPU holds")
            }
            _ => (memory.total(), MAX_CPU_BYTES, "the engine has on the CPU"),
        };
        (needed > limit).then(|| {
            let [needed, limit] = [needed, limit].map(hardware_text::format_bytes);
            format!(
                "The model is too large: it needs about {needed}, {owner} at most {limit}. Make its layers smaller."
            )
        })
    }

    /// Resumes the run of an earlier visit, once its data has arrived.
    pub fn resume(&self, saved: SavedRun) {
        let is_own = self.draft.source.with_untracked(|source| matches!(source.kind, DataKind::Files(_)));
        if saved.data.is_none() && !is_own {
            let name = saved.name;
            return self
                .notify(true, format!("The run trains on {name}, a file of yours: choose it again, then resume."));
        }
        let current = self.draft.source.get_untracked();
        let source = saved.data.unwrap_or_else(|| {
            let DataSpec { train_limit, test_limit, label, task, .. } = saved.spec.data.clone();
            DataSource { train: train_limit, test: test_limit, label, task, ..current.clone() }
        });
        if current != source {
            let files = if current.kind == source.kind { self.files.get_value() } else { Vec::new() };
            self.open_data(source, files);
        }
        self.starting.set(Starting { action: Some(AfterStart::Train), adopts: Adopts::All });
        let run = self.run.next();
        self.send(ToWorker::Resume { run, from: ResumeFrom::Slot(saved.slot) });
    }

    /// Returns the data that a checkpoint names, if it is other data than the page's and can be
    /// loaded.
    pub fn data_of(&self, file: &FileSummary) -> Option<DataSource> {
        let source = DataSource::from_settings(&file.run.as_ref()?.spec.data)?;
        self.draft.source.with(|current| !source.is_same_data(current)).then_some(source)
    }

    /// Begins the run of the opened file, whose settings are adopted once it has begun.
    pub fn use_file(&self) {
        let Some(file) = self.opened_file.get_untracked() else { return };
        let adopts = if file.run.is_some() { Adopts::All } else { Adopts::Model };
        if let Some(source) = untrack(|| self.data_of(&file)) {
            self.open_data(source, Vec::new());
        }
        self.opened_file.set(None);
        self.starting.set(Starting { action: None, adopts });
        let run = self.run.next();
        let spec = untrack(|| self.draft.run_spec());
        self.send(ToWorker::UseFile { run, spec });
    }

    /// Applies the consequences of the start of a run with these settings.
    pub(super) fn on_started(&self, starting: Starting, mut spec: TrainSpec) {
        match (starting.adopts, spec.model.take()) {
            (Adopts::Model, Some(model)) => self.draft.replace(model),
            (Adopts::All, model) => self.draft.adopt(TrainSpec { model, ..spec }),
            _ => {}
        }
        if let Some(action) = starting.action {
            self.follow(action);
        }
    }
}

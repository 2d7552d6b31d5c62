//! The state of the page, in signals, and the user's actions. The only receiver of the worker's
//! messages.

mod draft;
mod events;
mod inspection;
mod records;
mod run;

pub use draft::Draft;
pub use inspection::{Inspected, InspectionState, View};
pub use records::Record;
pub use run::{Curves, Phase, Run, RunStats};

use crate::hardware_text;
use crate::link::Link;
use crate::protocol::{
    DataInfo, DataKind, DataProgress, DataSource, DeviceChoice, DeviceKind, FileKind, FileSummary, Hardware,
    LiveChange, Measurement, ResumeFrom, SamplesView, ToWorker,
};
use crate::ui::browser::{self, Pixels};
use crate::ui::model::memory::MAX_CPU_BYTES;
use crate::ui::settings;
use kindling::ops::Choices;
use kindling::train::{DataSpec, Ending, TrainSpec};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// Detection of the hardware.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// In progress.
    Detecting,
    /// Detected hardware.
    Known(Hardware),
    /// Error of the engine.
    Failed(String),
}

/// A message that is shown until it is dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Unique id.
    pub id: u32,
    /// True for an error.
    pub is_error: bool,
    /// Text of the message.
    pub text: String,
}

/// A run of an earlier visit that can be resumed.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedRun {
    /// Slot of its checkpoint.
    pub slot: String,
    /// Settings of the run.
    pub spec: TrainSpec,
    /// Source of its data, if it can be reopened.
    pub data: Option<DataSource>,
    /// Name of its data.
    pub name: String,
    /// Last step.
    pub step: u64,
    /// Number of finished epochs.
    pub epoch: usize,
    /// Time of storing, in milliseconds since 1970.
    pub saved_at: f64,
}

/// Device of new runs.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenDevice {
    /// Name of the device.
    pub name: String,
    /// Kind of the device.
    pub kind: DeviceKind,
}

/// State of the page.
#[derive(Clone, Copy)]
pub struct Store {
    /// Model and settings of the next run.
    pub draft: Draft,
    /// Current run.
    pub run: Run,
    /// Inspection of the run.
    pub inspection: InspectionState,
    /// Hardware of the browser.
    pub status: RwSignal<Status>,
    /// Device of new runs.
    pub device: RwSignal<Option<OpenDevice>>,
    /// Measurements of the device; `Some` and empty while they are made.
    pub measured: RwSignal<Option<Vec<Measurement>>>,
    /// Kernels chosen for the device.
    pub kernels: RwSignal<Choices>,
    /// Loaded data.
    pub data: RwSignal<Option<DataInfo>>,
    /// Progress of loading data.
    pub loading: RwSignal<Option<DataProgress>>,
    /// Error of loading data.
    pub data_failed: RwSignal<Option<String>>,
    /// Sample images.
    pub samples: RwSignal<Option<(SamplesView, Pixels)>>,
    /// Run of an earlier visit.
    pub saved_runs: RwSignal<Vec<SavedRun>>,
    /// Contents of an opened file.
    pub opened_file: RwSignal<Option<FileSummary>>,
    /// Messages that have not been dismissed.
    pub notices: RwSignal<Vec<Notice>>,
    /// Announcement for screen readers, not shown.
    pub announcement: RwSignal<String>,
    link: StoredValue<Option<Link>, LocalStorage>,
    /// Files of the user's data.
    files: StoredValue<Vec<JsValue>, LocalStorage>,
    /// Action once the starting run has begun.
    after_start: RwSignal<Option<AfterStart>>,
}

/// Action after the start of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterStart {
    Train,
    Step,
}

impl Store {
    /// Starts the worker, and loads the data of the draft.
    pub fn start() -> Self {
        let hash = window().location().hash().unwrap_or_default();
        let (draft, link_error) = Draft::start(&hash);
        let store = Self {
            draft,
            run: Run::new(),
            inspection: InspectionState::new(),
            status: RwSignal::new(Status::Detecting),
            device: RwSignal::new(None),
            measured: RwSignal::new(None),
            kernels: RwSignal::new(Choices::default()),
            data: RwSignal::new(None),
            loading: RwSignal::new(None),
            data_failed: RwSignal::new(None),
            samples: RwSignal::new(None),
            saved_runs: RwSignal::new(Vec::new()),
            opened_file: RwSignal::new(None),
            notices: RwSignal::new(Vec::new()),
            announcement: RwSignal::new(String::new()),
            link: StoredValue::new_local(None),
            files: StoredValue::new_local(Vec::new()),
            after_start: RwSignal::new(None),
        };
        match link_error {
            Some(reason) => store.notify(true, format!("The shared link could not be opened: {reason}.")),
            // The settings are the draft now: a reload must not restore the link's over later
            // edits.
            None => browser::clear_hash(),
        }
        match Link::start(move |event| store.on_event(event)) {
            Ok(link) => store.link.set_value(Some(link)),
            Err(reason) => store.status.set(Status::Failed(reason)),
        }
        store.send(ToWorker::ProbeHardware);
        store.send(ToWorker::UseDevice(draft.device.get_untracked()));
        let source = draft.source.get_untracked();
        // Files are not available after a reload.
        if matches!(source.kind, DataKind::Files(_)) {
            store.notify(false, "Your files have to be chosen again; until then the data set is Shapes.".into());
            store.open_data(settings::shapes(), Vec::new());
        } else {
            store.open_data(source, Vec::new());
        }
        Effect::new(move |_| {
            let augment = draft.spec.with(|spec| spec.augment.clone());
            if store.data.with(|data| data.as_ref().is_some_and(|data| data.shape.len() == 3)) {
                store.send(ToWorker::ShowSamples { augment, per_class: 8, seed: 0 });
            }
        });
        store
    }

    /// Sends a message to the worker.
    pub fn send(&self, message: ToWorker) {
        self.send_with(message, Vec::new());
    }

    /// Sends a message with attachments.
    pub fn send_with(&self, message: ToWorker, attachments: Vec<JsValue>) {
        self.link.with_value(|link| {
            if let Some(link) = link {
                link.send_with(message, attachments);
            }
        });
    }

    /// Shows a message.
    pub fn notify(&self, is_error: bool, text: String) {
        self.notices.update(|all| {
            // A message that is shown is not repeated.
            if all.iter().all(|notice| notice.text != text) {
                let id = all.iter().map(|notice| notice.id).max().unwrap_or(0) + 1;
                all.push(Notice { id, is_error, text });
            }
        });
    }

    /// Loads data.
    pub fn open_data(&self, source: DataSource, files: Vec<JsValue>) {
        self.data_failed.set(None);
        self.loading.set(Some(DataProgress::default()));
        self.draft.source.set(source.clone());
        self.files.set_value(files.clone());
        self.send_with(ToWorker::OpenData(source), files);
    }

    /// Loads data again with other settings, from the same files.
    pub fn reopen_data(&self, source: DataSource) {
        self.open_data(source, self.files.get_value());
    }

    /// Trains: continues a paused run, or one that has finished and has more epochs now; else
    /// starts a new run.
    pub fn train(&self) {
        if untrack(|| self.can_continue()) {
            let (run, epochs) = (self.run.id.get_untracked(), self.draft.spec.with_untracked(|spec| spec.epochs));
            self.send(ToWorker::Change { run, change: LiveChange::Epochs(epochs) });
            return self.follow(AfterStart::Train);
        }
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
            Phase::Starting => self.after_start.set(Some(action)),
            Phase::None | Phase::Ended(_) => {
                self.after_start.set(Some(action));
                self.begin();
            }
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
        self.after_start.set(None);
        self.send(ToWorker::Pause(self.run.id.get_untracked()));
    }

    /// Starts a new run with the draft, paused.
    pub fn reset(&self) {
        self.after_start.set(None);
        self.begin();
    }

    /// Starts a new run with the draft, and trains.
    pub fn restart(&self) {
        self.after_start.set(Some(AfterStart::Train));
        self.begin();
    }

    fn begin(&self) {
        let spec = untrack(|| self.draft.run_spec());
        if let Some(mismatch) = untrack(|| self.draft.mismatch()) {
            self.after_start.set(None);
            return self.notify(true, format!("The model does not fit: {mismatch}."));
        }
        if let Err(error) = spec.check() {
            self.after_start.set(None);
            return self.notify(true, error.to_string());
        }
        if let Some(reason) = untrack(|| self.too_large()) {
            self.after_start.set(None);
            return self.notify(true, reason);
        }
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
        self.remove_saved_run(&saved.slot);
        let current = self.draft.source.get_untracked();
        let source = saved.data.unwrap_or_else(|| {
            let DataSpec { train_limit, test_limit, label, task, .. } = saved.spec.data.clone();
            DataSource { train: train_limit, test: test_limit, label, task, ..current.clone() }
        });
        if current != source {
            let files = if current.kind == source.kind { self.files.get_value() } else { Vec::new() };
            self.open_data(source, files);
        }
        self.draft.adopt(saved.spec);
        self.after_start.set(Some(AfterStart::Train));
        let run = self.run.next();
        self.send(ToWorker::Resume { run, from: ResumeFrom::Slot(saved.slot) });
    }

    /// Removes the offer to resume the run of a slot.
    pub fn remove_saved_run(&self, slot: &str) {
        self.saved_runs.update(|all| all.retain(|saved| saved.slot != slot));
    }

    /// Uses the opened file: adopts its settings, and begins its run.
    pub fn use_file(&self) {
        let Some(file) = self.opened_file.get_untracked() else { return };
        match file.run {
            Some(run) => self.draft.adopt(run.spec),
            None => {
                if let Ok(model) = kindling::train::ModelSpec::from_text(&file.model, &file.input, &file.layers) {
                    self.draft.replace(model);
                }
            }
        }
        self.opened_file.set(None);
        let run = self.run.next();
        let spec = untrack(|| self.draft.run_spec());
        self.send(ToWorker::UseFile { run, spec });
    }

    /// Saves the run as a file.
    pub fn save(&self, kind: FileKind) {
        self.send(ToWorker::Save(kind));
    }

    /// Selects the device of new runs.
    pub fn use_device(&self, choice: DeviceChoice) {
        self.draft.device.set(choice);
        self.send(ToWorker::UseDevice(choice));
    }

    /// Changes a setting of the current run, if there is one.
    pub fn change(&self, change: LiveChange) {
        if matches!(self.run.phase.get_untracked(), Phase::Paused | Phase::Training) {
            self.send(ToWorker::Change { run: self.run.id.get_untracked(), change });
        }
    }

    /// Returns the differences between draft and run that take effect in a new run only.
    pub fn pending_changes(&self) -> Vec<String> {
        if !matches!(self.run.phase.get(), Phase::Paused | Phase::Training) {
            return Vec::new();
        }
        let draft = self.draft.run_spec();
        self.run.spec.with(|spec| {
            let Some(spec) = spec else { return Vec::new() };
            let mut spec = spec.clone();
            // The worker may fill in fields that the draft omits.
            spec.data = draft.data.clone();
            settings::summary(&settings::differences(&spec, &draft))
        })
    }
}

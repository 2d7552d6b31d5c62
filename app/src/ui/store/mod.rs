//! The state of the page, in signals, and the user's actions. The only receiver of the worker's
//! messages.

mod draft;
mod events;
mod inspection;
mod records;
mod run;
mod start;

pub use draft::Draft;
pub use inspection::{Inspected, InspectionState, View};
pub use records::Record;
pub use run::{Curves, Phase, Run, RunStats};

use crate::link::Link;
use crate::protocol::{
    DataInfo, DataKind, DataProgress, DataSource, DeviceChoice, DeviceKind, FileKind, FileSummary, Hardware,
    LiveChange, Measurement, SamplesView, ToWorker,
};
use crate::ui::browser::{self, Pixels};
use crate::ui::settings;
use kindling::train::TrainSpec;
use kindling::tuning::Choices;
use leptos::prelude::*;
use start::Starting;
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
    /// Consequences of the start of a run.
    starting: RwSignal<Starting>,
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
            starting: RwSignal::new(Starting::default()),
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

    /// Removes the offer to resume the run of a slot.
    pub fn remove_saved_run(&self, slot: &str) {
        self.saved_runs.update(|all| all.retain(|saved| saved.slot != slot));
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

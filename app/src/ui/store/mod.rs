//! All that the page knows, in signals, and all that a person can ask of it. The one place that
//! hears the worker.

mod draft;
mod events;
mod inside;
mod records;
mod run;

pub use draft::Draft;
pub use inside::{Inside, PAGE, View};
pub use records::Record;
pub use run::{Curves, Pace, Phase, Run};

use crate::link::Link;
use crate::protocol::{
    DataInfo, DataKind, DataProgress, DataSource, DeviceChoice, DeviceKind, FileKind, FileSummary, Hardware,
    KernelChoice, LiveChange, Measurement, ResumeFrom, SamplesView, ToWorker,
};
use crate::ui::browser::{self, Pixels};
use crate::ui::model::memory::MAX_CPU_BYTES;
use crate::ui::settings;
use crate::words;
use kindling::train::{DataSpec, Ending, TrainSpec};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// What is known of the hardware so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// The worker has not answered yet.
    Asking,
    /// It has.
    Known(Hardware),
    /// It cannot.
    Failed(String),
}

/// Something to be told, until it is put away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub id: u32,
    /// Whether something has gone wrong.
    pub bad: bool,
    /// The sentence.
    pub text: String,
}

/// A run of an earlier visit that can go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its settings.
    pub spec: TrainSpec,
    /// Where its data came from.
    pub data: Option<DataSource>,
    /// Name of its data.
    pub name: String,
    /// Its last step.
    pub step: u64,
    /// Epochs that have ended.
    pub epoch: usize,
    /// When it was stored.
    pub saved_at: f64,
}

/// What is computed on.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
}

/// Everything.
#[derive(Clone, Copy)]
pub struct Store {
    /// What a person is choosing.
    pub draft: Draft,
    /// The run.
    pub run: Run,
    /// What is looked into.
    pub inside: Inside,
    /// What the browser offers.
    pub status: RwSignal<Status>,
    /// What is computed on.
    pub device: RwSignal<Option<Opened>>,
    /// What was measured on it; `Some` and empty while it is being measured.
    pub measured: RwSignal<Option<Vec<Measurement>>>,
    /// Which kernels were chosen for it.
    pub kernels: RwSignal<Vec<KernelChoice>>,
    /// The data that is loaded.
    pub data: RwSignal<Option<DataInfo>>,
    /// How much of the data that is being loaded has arrived.
    pub loading: RwSignal<Option<DataProgress>>,
    /// Why data could not be had.
    pub data_failed: RwSignal<Option<String>>,
    /// Sample pictures.
    pub samples: RwSignal<Option<(SamplesView, Pixels)>>,
    /// A run of an earlier visit.
    pub found: RwSignal<Option<Found>>,
    /// What is in a file that was opened.
    pub inspected: RwSignal<Option<FileSummary>>,
    /// What is to be told.
    pub notices: RwSignal<Vec<Notice>>,
    /// What a screen reader says, without anything being shown.
    pub spoken: RwSignal<String>,
    link: StoredValue<Option<Link>, LocalStorage>,
    /// Files of the user's own data.
    files: StoredValue<Vec<JsValue>, LocalStorage>,
    /// What is to be done once the run that is starting has begun.
    then: RwSignal<Option<Then>>,
}

/// What follows the beginning of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Go,
    Step,
}

impl Store {
    /// Starts the worker, and loads the data of the draft.
    pub fn start() -> Self {
        let hash = window().location().hash().unwrap_or_default();
        let (draft, wrong) = Draft::start(&hash);
        let store = Self {
            draft,
            run: Run::new(),
            inside: Inside::new(),
            status: RwSignal::new(Status::Asking),
            device: RwSignal::new(None),
            measured: RwSignal::new(None),
            kernels: RwSignal::new(Vec::new()),
            data: RwSignal::new(None),
            loading: RwSignal::new(None),
            data_failed: RwSignal::new(None),
            samples: RwSignal::new(None),
            found: RwSignal::new(None),
            inspected: RwSignal::new(None),
            notices: RwSignal::new(Vec::new()),
            spoken: RwSignal::new(String::new()),
            link: StoredValue::new_local(None),
            files: StoredValue::new_local(Vec::new()),
            then: RwSignal::new(None),
        };
        match wrong {
            Some(reason) => store.tell(true, format!("The shared link could not be opened: {reason}.")),
            // From now on it is the draft: a reload must not bring the link's settings back over
            // later edits.
            None => browser::forget_hash(),
        }
        match Link::start(move |event| store.hear(event)) {
            Ok(link) => store.link.set_value(Some(link)),
            Err(reason) => store.status.set(Status::Failed(reason)),
        }
        store.send(ToWorker::ProbeHardware);
        store.send(ToWorker::UseDevice(draft.device.get_untracked()));
        let source = draft.source.get_untracked();
        // Files are gone with the tab that had them.
        if matches!(source.kind, DataKind::Files(_)) {
            store.tell(false, "Your own files have to be chosen again; until then this is Shapes.".into());
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

    /// Sends a message with what stands beside it.
    pub fn send_with(&self, message: ToWorker, beside: Vec<JsValue>) {
        self.link.with_value(|link| {
            if let Some(link) = link {
                link.send_with(message, beside);
            }
        });
    }

    /// Tells something.
    pub fn tell(&self, bad: bool, text: String) {
        self.notices.update(|all| {
            // What was said already is not said again.
            if all.iter().all(|notice| notice.text != text) {
                let id = all.iter().map(|notice| notice.id).max().unwrap_or(0) + 1;
                all.push(Notice { id, bad, text });
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

    /// Loads data again by other settings, from the same files.
    pub fn reopen_data(&self, source: DataSource) {
        self.open_data(source, self.files.get_value());
    }

    /// Trains: continues the run that is paused, or that has ended and has more epochs now; else
    /// starts a new one.
    pub fn train(&self) {
        if untrack(|| self.can_continue()) {
            let (run, epochs) = (self.run.id.get_untracked(), self.draft.spec.with_untracked(|spec| spec.epochs));
            self.send(ToWorker::Change { run, change: LiveChange::Epochs(epochs) });
            return self.follow(Then::Go);
        }
        self.start_or(Then::Go);
    }

    /// Pauses the run that is training, or trains.
    pub fn toggle(&self) {
        match self.run.phase.get_untracked() {
            Phase::Going => self.pause(),
            _ => self.train(),
        }
    }

    /// Returns `true` if the run has finished and the draft asks for more epochs than it has had.
    pub fn can_continue(&self) -> bool {
        let had = self.run.spec.with(|spec| spec.as_ref().map_or(usize::MAX, |spec| spec.epochs));
        self.run.phase.get() == Phase::Ended(Ending::Finished) && self.draft.spec.with(|spec| spec.epochs) > had
    }

    /// Learns from one batch.
    pub fn step(&self) {
        self.start_or(Then::Step);
    }

    fn start_or(&self, then: Then) {
        match self.run.phase.get_untracked() {
            Phase::Paused | Phase::Going => self.follow(then),
            Phase::Starting => self.then.set(Some(then)),
            Phase::None | Phase::Ended(_) => {
                self.then.set(Some(then));
                self.begin();
            }
        }
    }

    fn follow(&self, then: Then) {
        let run = self.run.id.get_untracked();
        self.send(match then {
            Then::Go => ToWorker::Go(run),
            Then::Step => ToWorker::Step(run),
        });
    }

    /// Stops after the step that is under way.
    pub fn pause(&self) {
        self.then.set(None);
        self.send(ToWorker::Pause(self.run.id.get_untracked()));
    }

    /// A new run with the draft, standing still.
    pub fn reset(&self) {
        self.then.set(None);
        self.begin();
    }

    /// A new run with the draft, at once.
    pub fn restart(&self) {
        self.then.set(Some(Then::Go));
        self.begin();
    }

    fn begin(&self) {
        let spec = untrack(|| self.draft.run_spec());
        if let Some(misfit) = untrack(|| self.draft.misfit()) {
            self.then.set(None);
            return self.tell(true, format!("The model does not fit: {misfit}."));
        }
        if let Err(error) = spec.check() {
            self.then.set(None);
            return self.tell(true, error.to_string());
        }
        if let Some(reason) = untrack(|| self.too_large()) {
            self.then.set(None);
            return self.tell(true, reason);
        }
        let run = self.run.next();
        self.send(ToWorker::Begin { run, spec });
    }

    /// Says why the draft's model cannot be trained on this device, if its memory is known to be
    /// too small.
    fn too_large(&self) -> Option<String> {
        let memory = self.draft.memory();
        let is_cpu = self.device.with(|device| device.as_ref().is_none_or(|device| device.kind == DeviceKind::Cpu));
        let (needed, limit, what) = match self.status.get() {
            Status::Known(Hardware::Gpu(adapter) | Hardware::Software(adapter)) if !is_cpu => {
                (memory.parameters, adapter.max_buffer, "a buffer of this GPU holds")
            }
            _ => (memory.total(), MAX_CPU_BYTES, "the engine has on the CPU"),
        };
        (needed > limit).then(|| {
            let [needed, limit] = [needed, limit].map(words::bytes);
            format!("The model is too large: it needs about {needed}, {what} at most {limit}. Make its layers smaller.")
        })
    }

    /// Resumes the run of an earlier visit, once its data is there.
    pub fn resume(&self, found: Found) {
        let is_own = self.draft.source.with_untracked(|source| matches!(source.kind, DataKind::Files(_)));
        if found.data.is_none() && !is_own {
            let name = found.name;
            return self
                .tell(true, format!("The run learns from {name}, a file of yours: choose it again, then go on."));
        }
        self.found.set(None);
        let present = self.draft.source.get_untracked();
        let source = found.data.unwrap_or_else(|| {
            let DataSpec { train_limit, test_limit, label, task, .. } = found.spec.data.clone();
            DataSource { train: train_limit, test: test_limit, label, task, ..present.clone() }
        });
        if present != source {
            let files = if present.kind == source.kind { self.files.get_value() } else { Vec::new() };
            self.open_data(source, files);
        }
        self.draft.adopt(found.spec);
        self.then.set(Some(Then::Go));
        let run = self.run.next();
        self.send(ToWorker::Resume { run, from: ResumeFrom::Automatic });
    }

    /// Takes over what was inspected.
    pub fn use_inspected(&self) {
        let Some(file) = self.inspected.get_untracked() else { return };
        match file.run {
            Some(run) => self.draft.adopt(run.spec),
            None => {
                if let Ok(model) = kindling::train::ModelSpec::from_text(&file.model, &file.input, &file.layers) {
                    self.draft.replace(model);
                }
            }
        }
        self.inspected.set(None);
        let run = self.run.next();
        let spec = untrack(|| self.draft.run_spec());
        self.send(ToWorker::UseInspected { run, spec });
    }

    /// Makes a file of the run.
    pub fn save(&self, kind: FileKind) {
        self.send(ToWorker::Save(kind));
    }

    /// Where runs compute from now on.
    pub fn use_device(&self, choice: DeviceChoice) {
        self.draft.device.set(choice);
        self.send(ToWorker::UseDevice(choice));
    }

    /// Changes a setting, in the draft and, if there is a run, in it.
    pub fn change(&self, change: LiveChange) {
        if matches!(self.run.phase.get_untracked(), Phase::Paused | Phase::Going) {
            self.send(ToWorker::Change { run: self.run.id.get_untracked(), change });
        }
    }

    /// Differences between the draft and the run, which only a new run would take up.
    pub fn waiting_changes(&self) -> Vec<String> {
        if !matches!(self.run.phase.get(), Phase::Paused | Phase::Going) {
            return Vec::new();
        }
        let draft = self.draft.run_spec();
        self.run.spec.with(|spec| {
            let Some(spec) = spec else { return Vec::new() };
            let mut spec = spec.clone();
            // The worker may fill in what the draft leaves to it.
            spec.data = draft.data.clone();
            settings::summary(&settings::differences(&spec, &draft))
        })
    }
}

//! What the page and the worker say to each other: plain data as JSON text, and beside it byte arrays that are handed
//! over, not copied (`ArrayBuffer`s, and on the way in `File`s). On the wire a message is `{text, bulk}`.
//!
//! The worker speaks first: a message posted before its wasm has loaded would be lost, so the page sends nothing until
//! it has heard [`FromWorker::Ready`]. Everything about a run carries its number; the page drops what belongs to a run
//! that it has left. Pictures are RGBA bytes, row by row, one picture after the other.

mod data;
mod file;
mod float;
mod hardware;
mod look;
mod run;

pub use data::{DataInfo, DataKind, DataProgress, DataSource, SamplesView, TableInfo};
pub use file::{CheckpointSummary, FileKind, FileSummary, ResumeFrom};
pub use hardware::{Adapter, DeviceChoice, DeviceKind, Hardware, KernelChoice, Measurement, NoGpu};
pub use look::{
    ActivationsView, ClassifiedView, ConfusionView, FiltersView, HistogramsView, KernelView, LayerNorms, LayerView,
    Look, Order, ParameterView, PictureOf, Prediction, PredictionsView, ProfileView, SplitName, Spread, StepView,
};

pub use run::{Begun, Benched, Progress};

use kindling::train::{Augment, Ending, EpochResult, Evaluation, Graph, TrainSpec};
use serde::{Deserialize, Serialize};

/// A run's number; the page counts.
pub type RunId = u32;

/// What the page asks of the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToWorker {
    /// Find out what the engine can run on. Answered by [`FromWorker::Hardware`].
    ProbeHardware,
    /// Where the next run computes; answered by [`FromWorker::DeviceOpened`]. [`DeviceChoice::Best`] until it is said.
    UseDevice(DeviceChoice),
    /// Load data; it replaces what is loaded once its first samples are there. Answered by `DataProgress`, `DataReady`
    /// (again when more has become of it) and `DataFailed`. Asked again, a download goes on where it broke off.
    OpenData(DataSource),
    /// Stop the download or reading that is under way. What has arrived stays.
    CancelData,
    /// Sample pictures as training will see them, by class. Answered by [`FromWorker::Samples`].
    ShowSamples {
        /// What is done to them at random.
        augment: Vec<Augment>,
        /// How many of each class.
        per_class: usize,
        /// What the randomness begins with.
        seed: u64,
    },
    /// Begin a run with this specification on the loaded data, paused; the run before it ends. If no sample has arrived
    /// yet, it begins with the first. Answered by [`FromWorker::Begun`].
    Begin {
        /// The new run's number.
        run: RunId,
        /// What it is.
        spec: TrainSpec,
    },
    /// Go on from a checkpoint, paused; waits for data as [`ToWorker::Begin`] does. Answered by [`FromWorker::Begun`].
    Resume {
        /// The new run's number.
        run: RunId,
        /// Which checkpoint.
        from: ResumeFrom,
    },
    /// Train.
    Go(RunId),
    /// Stop after the step that is under way. Answered by [`FromWorker::Paused`].
    Pause(RunId),
    /// Learn from one batch, then pause. Answered by [`FromWorker::Stepped`].
    Step(RunId),
    /// Change a run under way. Answered by [`FromWorker::Changed`].
    Change {
        /// Which.
        run: RunId,
        /// What.
        change: LiveChange,
    },
    /// Look inside of the run.
    Look(Look),
    /// Classify a picture of the user's own: its RGBA bytes stand beside the message. Answered by
    /// [`FromWorker::Classified`].
    Classify {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// Make a file of the run. Answered by [`FromWorker::File`].
    Save(FileKind),
    /// Say what is in a file, which stands beside the message, changing nothing. Answered by [`FromWorker::Inspected`].
    Inspect {
        /// The file's name.
        name: String,
    },
    /// Go on with what was inspected last: a checkpoint's run, or a run of no more than a model, which can be tested,
    /// looked into and trained further with the given settings. Answered by [`FromWorker::Begun`].
    UseInspected {
        /// The new run's number.
        run: RunId,
        /// How a model would be trained further; a checkpoint keeps its own settings.
        spec: TrainSpec,
    },
    /// Forget the automatic checkpoint in the browser's storage.
    ForgetCheckpoint,
    /// Measure what the device reaches. Answered by [`FromWorker::Measured`].
    Measure,
    /// Make some steps of a benchmark (`bench.html`), going on where the last ones ended. Answered by
    /// [`FromWorker::Benched`].
    Bench {
        /// Its name, such as `W1b4`.
        workload: String,
        /// How many.
        steps: u32,
        /// Where.
        device: DeviceChoice,
    },
    /// Tests only: lose the GPU device, as a driver reset would.
    LoseDevice,
    /// Tests only: die, as a tab that runs out of memory makes a worker die.
    Crash,
}

/// A change of a run under way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiveChange {
    /// The learning rate, from the next step on; a schedule goes on from it.
    Lr(f64),
    /// The momentum, or the first of the betas, from the next step on.
    Momentum(f64),
    /// The weight decay, from the next step on.
    WeightDecay(f64),
    /// Samples a step, from the next epoch on.
    BatchSize(usize),
    /// Epochs in all, at least those begun.
    Epochs(usize),
    /// Epochs from one evaluation to the next.
    EvaluateEvery(usize),
}

/// What the worker tells the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromWorker {
    /// The worker listens. The link keeps it to itself.
    Ready,
    /// What the engine runs on.
    Hardware(Hardware),
    /// Where the next run computes.
    DeviceOpened {
        /// Its name.
        name: String,
        /// What it is.
        kind: DeviceKind,
        /// Why it is not the one asked for, if it is not.
        note: Option<String>,
    },
    /// Data is arriving.
    DataProgress(DataProgress),
    /// Data can be trained on: the first of it, more of it, or (`complete`) all.
    DataReady(DataInfo),
    /// Data could not be had. What was loaded before is still there.
    DataFailed {
        /// What happened, and what to do.
        reason: String,
    },
    /// The reading was stopped by [`ToWorker::CancelData`].
    DataCancelled,
    /// Sample pictures, by class.
    Samples(SamplesView),
    /// A run has begun, paused.
    Begun(Begun),
    /// How a run is doing, about ten times a second.
    Progress(Progress),
    /// A batch has been tested.
    Testing {
        /// The run.
        run: RunId,
        /// Batches tested.
        done: usize,
        /// Batches to test.
        of: usize,
    },
    /// An epoch has ended.
    Epoch {
        /// The run.
        run: RunId,
        /// How it went.
        result: EpochResult,
    },
    /// A run stands still.
    Paused {
        /// The run.
        run: RunId,
    },
    /// A run goes on.
    Going {
        /// The run.
        run: RunId,
    },
    /// A run is over.
    Ended {
        /// The run.
        run: RunId,
        /// Why.
        ending: Ending,
        /// Evaluation on the test split; `None` where there is no validation split, and epochs were evaluated on it.
        test: Option<Evaluation>,
    },
    /// A single step, seen closely; the run stands still again.
    Stepped {
        /// The run.
        run: RunId,
        /// What it did.
        step: StepView,
    },
    /// A change has been made.
    Changed {
        /// The run.
        run: RunId,
        /// The run's settings now.
        spec: TrainSpec,
        /// The learning rate of the next step.
        lr: f64,
        /// Whether it holds only from the next epoch on.
        next_epoch: bool,
    },
    /// What was asked by [`Look::Predictions`].
    Predictions(PredictionsView),
    /// What was asked by [`Look::Confusion`].
    Confusion(ConfusionView),
    /// What was asked by [`Look::Filters`].
    Filters(FiltersView),
    /// What was asked by [`Look::Activations`].
    Activations(ActivationsView),
    /// What was asked by [`Look::Histograms`].
    Histograms(HistogramsView),
    /// What was asked by [`Look::Graph`].
    Graph(Graph),
    /// What was asked by [`Look::Profile`].
    Profile(ProfileView),
    /// What the model makes of the user's picture.
    Classified(ClassifiedView),
    /// A file of the run; its bytes stand beside the message.
    File {
        /// Its kind.
        kind: FileKind,
        /// The name it should get.
        name: String,
    },
    /// What is in a file.
    Inspected(Box<FileSummary>),
    /// An automatic checkpoint has been stored: a reload can go on from it.
    Checkpointed {
        /// The run.
        run: RunId,
        /// The last step in it.
        step: u64,
    },
    /// At the start: a checkpoint of an earlier visit is in the browser's storage.
    CheckpointFound {
        /// The settings of its run.
        spec: TrainSpec,
        /// Where its data came from, if that can be had again.
        data: Option<DataSource>,
        /// Name of its data.
        name: String,
        /// Its last step.
        step: u64,
        /// Epochs that it has finished.
        epoch: usize,
        /// When it was stored: milliseconds since 1970.
        saved_at: f64,
    },
    /// The browser keeps nothing for this page (denied, full): training goes on, but a reload loses it.
    NotStored {
        /// Why, and what to do.
        reason: String,
    },
    /// The device was lost; the run goes on from its last checkpoint on this device.
    Recovered {
        /// The run.
        run: RunId,
        /// What happened.
        reason: String,
        /// The step it goes on after.
        step: u64,
    },
    /// What was measured.
    Measured {
        /// The figures.
        figures: Vec<Measurement>,
    },
    /// All kernels that have been chosen on the device, as soon as there is one more.
    Kernels {
        /// The choices.
        choices: Vec<KernelChoice>,
    },
    /// Steps of a benchmark have been made.
    Benched(Benched),
    /// Something that was asked for could not be done. Where it names a run, that run stands still.
    Failed {
        /// The run that it stopped.
        run: Option<RunId>,
        /// What happened, and what to do.
        reason: String,
    },
    /// The worker is about to die of an error in its code. The link starts another.
    Crashed {
        /// The error.
        reason: String,
    },
    /// A message from the page could not be read: the two are of different versions.
    NotUnderstood {
        /// What was wrong with it.
        reason: String,
    },
}

#[cfg(test)]
mod tests;

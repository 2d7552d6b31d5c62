//! Messages between page and worker: plain data as JSON text, with attached byte arrays, which are
//! transferred, not copied. Attachments are `ArrayBuffer`s, and `File`s in requests. On the wire a
//! message is `{text, bulk}`.
//!
//! A message posted before the worker's wasm has loaded would be lost, so the page sends nothing
//! until [`FromWorker::Ready`]. Messages of a run carry its id; the page drops those of earlier
//! runs. Images are RGBA bytes, row by row, one image after another.

mod data;
mod file;
mod float;
mod hardware;
pub mod inspection;
mod run;

pub use data::{DataInfo, DataKind, DataProgress, DataSource, SamplesView, TableInfo};
pub use file::{CheckpointSummary, FileKind, FileSummary, ResumeFrom};
pub use hardware::{Adapter, DeviceChoice, DeviceKind, Hardware, Measurement, NoGpu};
pub use inspection::*;
pub use run::{Begun, Benched, Progress};

use kindling::train::{Augment, Ending, EpochResult, Evaluation, TrainSpec};
use kindling::tuning::Choices;
use serde::{Deserialize, Serialize};

/// Id of a run, assigned by the page.
pub type RunId = u32;

/// Request of the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToWorker {
    /// Detects the hardware. Answered by [`FromWorker::Hardware`].
    ProbeHardware,
    /// Selects the device of the next run, [`DeviceChoice::Best`] by default. Answered by
    /// [`FromWorker::DeviceOpened`].
    UseDevice(DeviceChoice),
    /// Loads data, which replaces the loaded data as soon as its first samples have arrived.
    /// Answered by `DataProgress`, `DataReady` (again as more arrives) and `DataFailed`. Repeating
    /// the request resumes an interrupted download.
    OpenData(DataSource),
    /// Cancels the download or reading. Samples that have arrived stay.
    CancelData,
    /// Requests sample images by class, augmented as in training. Answered by
    /// [`FromWorker::Samples`].
    ShowSamples {
        /// Random transforms.
        augment: Vec<Augment>,
        /// Number of images per class.
        per_class: usize,
        /// Seed of the transforms.
        seed: u64,
    },
    /// Begins a run on the loaded data, paused. Without samples it waits for the first. The current
    /// run is paused, and replaced once the new one is ready; if that cannot begin (`Failed` with
    /// its id), the current run stays. Answered by [`FromWorker::Begun`].
    Begin {
        /// Id of the new run.
        run: RunId,
        /// Settings of the new run.
        spec: TrainSpec,
    },
    /// Resumes a run from a checkpoint, paused; waits for data as [`ToWorker::Begin`] does.
    /// Answered by [`FromWorker::Begun`].
    Resume {
        /// Id of the new run.
        run: RunId,
        /// Source of the checkpoint.
        from: ResumeFrom,
    },
    /// Starts or continues training.
    Train(RunId),
    /// Pauses after the current step. Answered by [`FromWorker::Paused`].
    Pause(RunId),
    /// Trains on one batch, then pauses. Answered by [`FromWorker::Stepped`].
    Step(RunId),
    /// Changes a setting of the current run. Answered by [`FromWorker::Changed`].
    Change {
        /// Id of the run.
        run: RunId,
        /// The change.
        change: LiveChange,
    },
    /// Inspects the run. Answered by [`FromWorker::Inspected`].
    Inspect(Inspection),
    /// Classifies the user's image. Attached: its RGBA bytes. Answered by
    /// [`FromWorker::Classified`].
    Classify {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Saves the run as a file. Answered by [`FromWorker::File`].
    Save(FileKind),
    /// Reads an attached model file; changes nothing. Answered by [`FromWorker::FileOpened`].
    OpenFile {
        /// Name of the file.
        name: String,
    },
    /// Begins a run from the file opened last: resumes a checkpoint's run, or loads a model to
    /// evaluate, inspect or train further. Answered by [`FromWorker::Begun`].
    UseFile {
        /// Id of the new run.
        run: RunId,
        /// Settings for a model; a checkpoint has its own.
        spec: TrainSpec,
    },
    /// Deletes the automatic checkpoint from the browser's storage.
    DeleteCheckpoint {
        /// Slot of the checkpoint.
        slot: String,
    },
    /// Measures the throughput of the device. Answered by [`FromWorker::Measured`].
    Measure,
    /// Runs steps of a benchmark (`bench.html`), continuing its previous steps. Answered by
    /// [`FromWorker::Benched`].
    Bench {
        /// Name of the workload, such as `W1b4`.
        workload: String,
        /// Number of steps.
        steps: u32,
        /// Device of the benchmark.
        device: DeviceChoice,
    },
    /// Loses the GPU device, as a driver reset would. For tests.
    LoseDevice,
    /// Panics in the worker, as running out of memory would. For tests.
    Crash,
}

/// Change of a setting during a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiveChange {
    /// Learning rate, from the next step; a schedule continues from it.
    Lr(f64),
    /// Momentum, or the first beta, from the next step.
    Momentum(f64),
    /// Weight decay, from the next step.
    WeightDecay(f64),
    /// Batch size, from the next epoch.
    BatchSize(usize),
    /// Total number of epochs, at least the number begun.
    Epochs(usize),
    /// Epochs between evaluations.
    EvaluateEvery(usize),
}

/// Message of the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromWorker {
    /// The worker is ready for messages. Handled by the link.
    Ready,
    /// Detected hardware.
    Hardware(Hardware),
    /// Device of the next run.
    DeviceOpened {
        /// Name of the device.
        name: String,
        /// Kind of the device.
        kind: DeviceKind,
        /// Reason why it is not the requested device, if it is not.
        note: Option<String>,
    },
    /// Progress of a download or of reading.
    DataProgress(DataProgress),
    /// Loaded samples: the first ones, more of them, or (`complete`) all.
    DataReady(DataInfo),
    /// Data could not be loaded. Data loaded before stays.
    DataFailed {
        /// Error, and advice.
        reason: String,
    },
    /// Loading was cancelled by [`ToWorker::CancelData`].
    DataCancelled,
    /// Sample images by class.
    Samples(SamplesView),
    /// A run has begun, paused.
    Begun(Begun),
    /// Progress of a run, about ten times a second.
    Progress(Progress),
    /// A batch of an evaluation has been processed.
    Testing {
        /// Id of the run.
        run: RunId,
        /// Number of batches processed.
        done: usize,
        /// Number of batches in all.
        of: usize,
    },
    /// An epoch has ended.
    Epoch {
        /// Id of the run.
        run: RunId,
        /// Metrics of the epoch.
        result: EpochResult,
    },
    /// The run is paused.
    Paused {
        /// Id of the run.
        run: RunId,
    },
    /// The run is training.
    Training {
        /// Id of the run.
        run: RunId,
    },
    /// The run has ended.
    Ended {
        /// Id of the run.
        run: RunId,
        /// Reason of the end.
        ending: Ending,
        /// Evaluation on the test split; `None` without a validation split, where epochs are
        /// evaluated on the test split.
        test: Option<Evaluation>,
    },
    /// A single step was made and inspected; the run is paused.
    Stepped {
        /// Id of the run.
        run: RunId,
        /// The inspected step.
        step: StepView,
    },
    /// A setting was changed.
    Changed {
        /// Id of the run.
        run: RunId,
        /// New settings.
        spec: TrainSpec,
        /// Learning rate of the next step.
        lr: f64,
        /// True if the change takes effect in the next epoch.
        next_epoch: bool,
    },
    /// Answer to [`ToWorker::Inspect`]. Attached: the images of the view.
    Inspected {
        /// Last step of the model.
        step: u64,
        /// The answer.
        answer: Answer,
    },
    /// Prediction for the user's image.
    Classified(ClassifiedView),
    /// A saved file. Attached: its bytes.
    File {
        /// Kind of the file.
        kind: FileKind,
        /// Suggested name.
        name: String,
    },
    /// Contents of an opened file.
    FileOpened(Box<FileSummary>),
    /// The automatic checkpoint has been stored.
    Checkpointed {
        /// Id of the run.
        run: RunId,
        /// Slot of the checkpoint in the browser's storage.
        slot: String,
        /// Last step in the checkpoint.
        step: u64,
    },
    /// The browser's storage has a checkpoint of an earlier visit, whose tab is closed. Sent at the
    /// start, for each of them, the newest first.
    CheckpointFound {
        /// Slot of the checkpoint.
        slot: String,
        /// Settings of its run.
        spec: TrainSpec,
        /// Source of its data, if it can be reopened.
        data: Option<DataSource>,
        /// Name of its data.
        name: String,
        /// Last step.
        step: u64,
        /// Number of finished epochs.
        epoch: usize,
        /// Time of storing, in milliseconds since 1970.
        saved_at: f64,
    },
    /// The browser stores nothing for this page (denied, full). Training continues, but a reload
    /// loses the run.
    NotStored {
        /// Error, and advice.
        reason: String,
    },
    /// The device was lost; the run resumes from its last checkpoint on this device.
    Recovered {
        /// Id of the run.
        run: RunId,
        /// Error of the device.
        reason: String,
        /// Step of the checkpoint.
        step: u64,
    },
    /// Measurements of the device.
    Measured {
        /// The measurements.
        measurements: Vec<Measurement>,
    },
    /// All kernels chosen on the device, sent whenever one is added.
    Kernels(Choices),
    /// Result of benchmark steps.
    Benched(Benched),
    /// A request failed. If it names a run, that run is paused.
    Failed {
        /// Id of the run that was paused.
        run: Option<RunId>,
        /// Error, and advice.
        reason: String,
    },
    /// The worker is about to die of an error in its code. The link starts another.
    Crashed {
        /// The error.
        reason: String,
    },
    /// A message of the page could not be parsed: page and worker are of different versions.
    InvalidMessage {
        /// Error of the parser.
        reason: String,
    },
}

#[cfg(test)]
mod tests;

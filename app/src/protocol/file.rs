//! Files that the page saves and opens.

use kindling::train::TrainSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Kind of file that a run can be saved as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// Current model, `.safetensors`, for the command line's `eval` and `predict`.
    Model,
    /// Model and state of the run, `.safetensors`, for the command line's `train --resume`.
    Checkpoint,
    /// PyTorch script with the weights, `.zip`: it predicts, and trains the model anew.
    Script,
    /// Curves for TensorBoard, `events.out.tfevents.…`.
    TensorBoard,
    /// Curves as a table, `.csv`.
    Curves,
}

/// Contents of an opened file, before it replaces anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileSummary {
    /// Name of the file.
    pub file: String,
    /// Name of the model.
    pub model: String,
    /// Layers as text for `ModelSpec::from_text`.
    pub layers: String,
    /// Sizes of an input, without the batch.
    pub input: Vec<usize>,
    /// Number of parameters.
    pub parameters: usize,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Metrics such as `test_accuracy`.
    pub metrics: BTreeMap<String, f64>,
    /// Run of a checkpoint.
    pub run: Option<CheckpointSummary>,
    /// Reason why it does not match the loaded data, if it does not.
    pub mismatch: Option<String>,
}

/// Run of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointSummary {
    /// Settings, with the layers of the model.
    pub spec: TrainSpec,
    /// Last step.
    pub step: u64,
    /// Number of finished epochs.
    pub epoch: usize,
}

/// Source of a resumed run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResumeFrom {
    /// Automatic checkpoint in this slot of the browser's storage.
    Slot(String),
    /// File attached to the message.
    File,
    /// Last checkpoint of the run that was replaced by the current one, until that has made steps
    /// and a checkpoint.
    Replaced,
}

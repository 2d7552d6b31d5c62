//! Files that the page saves and opens.

use kindling::train::TrainSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A kind of file that a run can be saved as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// The model as it is now, `.safetensors`: the command line's `eval` and `predict` take it.
    Model,
    /// The model and all that the run needs to go on, `.safetensors`: the command line's `train --resume` takes it.
    Checkpoint,
    /// A PyTorch script with the weights beside it, `.zip`: it predicts, and trains the model anew.
    Script,
    /// The curves as TensorBoard reads them, `events.out.tfevents.…`.
    TensorBoard,
    /// The curves as a table, `.csv`.
    Curves,
}

/// What is in a file that was opened; nothing has been replaced by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileSummary {
    /// The file's name.
    pub file: String,
    /// The model's name.
    pub model: String,
    /// Its layers as text, as `ModelSpec::from_text` takes them.
    pub layers: String,
    /// The sizes of one input.
    pub input: Vec<usize>,
    /// How many parameters it has.
    pub parameters: usize,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// Figures such as `test_accuracy`.
    pub metrics: BTreeMap<String, f64>,
    /// Of a checkpoint: the run it belongs to.
    pub run: Option<CheckpointSummary>,
    /// Why it cannot be used with the data that is loaded, if it cannot.
    pub misfit: Option<String>,
}

/// The run that a checkpoint belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointSummary {
    /// Its settings, with the layers of its model.
    pub spec: TrainSpec,
    /// Its last step.
    pub step: u64,
    /// Epochs that it has finished.
    pub epoch: usize,
}

/// Where a run goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResumeFrom {
    /// The automatic checkpoint in the browser's storage.
    Automatic,
    /// The file beside the message.
    File,
}

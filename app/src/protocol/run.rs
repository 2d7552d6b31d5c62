//! Start and progress of a run.

use super::{DeviceKind, RunId};
use kindling::train::{EpochResult, Position, StepResult, TrainSpec};
use serde::{Deserialize, Serialize};

/// A started run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// Id of the run.
    pub run: RunId,
    /// Settings; `model` is filled in if they name a preset or omit it.
    pub spec: TrainSpec,
    /// Number of parameters of the model.
    pub parameters: usize,
    /// Number of batches per epoch.
    pub batches: usize,
    /// Name of the device.
    pub device: String,
    /// Kind of the device.
    pub kind: DeviceKind,
    /// Position at which it resumed, if it did.
    pub resumed_at: Option<Position>,
    /// Epochs before that position.
    pub history: Vec<EpochResult>,
}

/// Progress of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Id of the run.
    pub run: RunId,
    /// Current position.
    pub position: Position,
    /// Steps since the last message.
    pub results: Vec<StepResult>,
    /// Learning rate of the next step.
    pub lr: f64,
    /// Recent throughput, in samples per second.
    pub samples_per_second: f64,
    /// Recent time per step, in milliseconds.
    pub ms_per_step: f64,
    /// Bytes held by the engine on the GPU; 0 on the CPU.
    pub gpu_bytes: u64,
    /// Kernels per step.
    pub dispatches_per_step: f64,
}

/// Result of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Benched {
    /// Time per step in milliseconds, with the last loss read.
    pub ms_per_step: f64,
    /// Loss of the last step.
    #[serde(with = "super::float")]
    pub loss: f64,
    /// Kernels per step.
    pub dispatches: f64,
    /// Command buffers submitted per step.
    pub submits: f64,
    /// Name of the device.
    pub device: String,
}

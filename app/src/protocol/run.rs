//! How a run begins and how it is doing.

use super::{DeviceKind, RunId};
use kindling::train::{EpochResult, Position, StepResult, TrainSpec};
use serde::{Deserialize, Serialize};

/// A run that has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// The run.
    pub run: RunId,
    /// Its settings; where they name a preset or leave the model out, `model` is filled in.
    pub spec: TrainSpec,
    /// How many parameters the model has.
    pub parameters: usize,
    /// Batches an epoch has.
    pub batches: usize,
    /// The device's name.
    pub device: String,
    /// What the device is.
    pub kind: DeviceKind,
    /// Where it goes on from, if it does not begin.
    pub resumed_at: Option<Position>,
    /// The epochs before that.
    pub history: Vec<EpochResult>,
}

/// How a run is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The run.
    pub run: RunId,
    /// How far it is.
    pub position: Position,
    /// The steps since the last time.
    pub results: Vec<StepResult>,
    /// The learning rate of the next step.
    pub lr: f64,
    /// Samples learned from a second, lately.
    pub images_per_second: f64,
    /// Milliseconds a step, lately.
    pub ms_per_step: f64,
    /// Bytes that the engine holds on the GPU; 0 on the CPU.
    pub gpu_bytes: u64,
    /// Kernels run a step.
    pub dispatches_per_step: f64,
}

/// Steps of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Benched {
    /// Milliseconds a step, the last one's loss read.
    pub ms_per_step: f64,
    /// The last step's loss.
    pub loss: f64,
    /// Kernels run a step.
    pub dispatches: f64,
    /// Command buffers handed over a step.
    pub submits: f64,
    /// The device's name.
    pub device: String,
}

//! How far a run has come and what happens in it, as plain data.

use serde::{Deserialize, Serialize};

use super::EpochResult;
#[cfg(doc)]
use super::Trainer;

/// What has happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A batch has been learned from. Its loss comes with [`Trainer::collect`].
    Step(Position),
    /// A batch has been tested.
    Test {
        /// Batches tested.
        done: usize,
        /// Batches to test.
        of: usize,
    },
    /// An epoch has ended.
    Epoch(EpochResult),
    /// The run has ended.
    Done(Ending),
}

/// Why a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All epochs are over.
    Finished,
    /// The test loss has not fallen for as many evaluations as the specification bears.
    StoppedEarly,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The epoch, from 0.
    pub epoch: usize,
    /// Batches of it that have been learned from.
    pub batch: usize,
    /// Batches that an epoch has.
    pub batches: usize,
    /// Steps since the run began.
    pub step: u64,
}

/// The best test loss so far, and evaluations since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Patience {
    pub best: Option<f64>,
    pub since: usize,
}

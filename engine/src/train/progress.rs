//! Progress and events of a run, as plain data.

use serde::{Deserialize, Serialize};

use super::EpochResult;
#[cfg(doc)]
use super::Trainer;

/// Event of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A training step was submitted. [`Trainer::collect`] returns its loss.
    Step(Position),
    /// A batch was evaluated.
    Test {
        /// Number of evaluated batches.
        done: usize,
        /// Number of batches to evaluate.
        of: usize,
    },
    /// An epoch has ended.
    Epoch(EpochResult),
    /// The run has ended.
    Done(Ending),
}

/// Reason for the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All epochs are complete.
    Finished,
    /// The loss has not improved within the patience.
    StoppedEarly,
}

/// Position of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Index of the epoch, from 0.
    pub epoch: usize,
    /// Number of batches completed in the epoch.
    pub batch: usize,
    /// Number of batches of an epoch.
    pub batches: usize,
    /// Number of steps since the start of the run.
    pub step: u64,
}

/// Best evaluation so far, and number of evaluations since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Patience {
    /// Loss of the best evaluation.
    pub best: Option<f64>,
    /// Number of evaluations since then.
    pub since: usize,
    /// Epoch of the best evaluation, from 1.
    #[serde(default)]
    pub epoch: Option<usize>,
}

impl Patience {
    /// Records the loss of an evaluation. Returns `true` if it improves on the best by more than
    /// `min_delta`; NaN never does.
    pub fn improves(&mut self, loss: f64, min_delta: f64, epoch: usize) -> bool {
        let improves = loss < self.best.unwrap_or(f64::INFINITY) - min_delta;
        match improves {
            true => *self = Self { best: Some(loss), since: 0, epoch: Some(epoch) },
            false => self.since += 1,
        }
        improves
    }
}

#[cfg(test)]
mod tests {
    use super::Patience;

    #[test]
    fn no_number_is_no_improvement() {
        let mut patience = Patience::default();
        for (epoch, (loss, improves)) in
            [(f64::NAN, false), (f64::INFINITY, false), (2.0, true), (f64::NAN, false), (1.95, false), (1.5, true)]
                .into_iter()
                .enumerate()
        {
            assert_eq!(patience.improves(loss, 0.1, epoch + 1), improves, "epoch {}", epoch + 1);
        }
        assert_eq!(patience, Patience { best: Some(1.5), since: 0, epoch: Some(6) });
        assert!(!patience.improves(1.5, 0.0, 7));
        assert_eq!((patience.since, patience.epoch), (1, Some(6)));
    }
}

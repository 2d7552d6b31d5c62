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
    /// The loss of the evaluations has not fallen for longer than the patience.
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

/// The best evaluation so far, and evaluations since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Patience {
    /// Its loss.
    pub best: Option<f64>,
    /// Evaluations since then.
    pub since: usize,
    /// Its epoch, from 1.
    #[serde(default)]
    pub epoch: Option<usize>,
}

impl Patience {
    /// Takes the loss of an evaluation; returns `true` if it improves on the best by more than `min_delta`. NaN never
    /// does.
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

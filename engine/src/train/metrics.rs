//! What is measured: losses of steps, results of epochs, and how a model does on a test set, class by class. It knows
//! no loop.

use serde::{Deserialize, Serialize};

/// One training step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// The number of the step, from 1.
    pub step: u64,
    /// The mean loss of its batch.
    pub loss: f64,
    /// The part of its batch that was classified rightly.
    pub accuracy: f64,
}

/// How a model does on a test set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The mean loss.
    pub loss: f64,
    /// The part that was classified rightly, 0 … 1.
    pub accuracy: f64,
    /// For each class (row), how often it was taken for each class (column).
    pub confusion: Vec<Vec<u64>>,
}

impl Evaluation {
    /// The part of each class that was classified rightly; `None` for classes without a sample.
    pub fn class_accuracies(&self) -> Vec<Option<f64>> {
        let of_row = |(class, row): (usize, &Vec<u64>)| {
            let all: u64 = row.iter().sum();
            (all > 0).then(|| row.get(class).copied().unwrap_or(0) as f64 / all as f64)
        };
        self.confusion.iter().enumerate().map(of_row).collect()
    }

    /// How many samples there were.
    pub fn samples(&self) -> u64 {
        self.confusion.iter().flatten().sum()
    }
}

/// One epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochResult {
    /// The number of the epoch, from 1.
    pub epoch: usize,
    /// The number of the last step in it, from 1.
    pub step: u64,
    /// The mean loss of its batches, as they were while the model learned from them.
    pub train_loss: f64,
    /// The part of the training samples that was classified rightly, likewise.
    pub train_accuracy: f64,
    /// The learning rate of its last step.
    pub lr: f64,
    /// How the model does on the test set after it, if that was measured.
    pub test: Option<Evaluation>,
}

/// Losses and hits, summed in double precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// Losses, each times the samples of its batch.
    pub loss: f64,
    /// Samples classified rightly.
    pub hits: f64,
    /// Samples.
    pub samples: f64,
}

impl Sums {
    /// Adds a batch with this mean loss.
    pub fn add(&mut self, loss: f64, hits: f64, samples: usize) {
        self.loss += loss * samples as f64;
        self.hits += hits;
        self.samples += samples as f64;
    }

    /// The mean loss of a sample.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.samples.max(1.0)
    }

    /// The part classified rightly.
    pub fn accuracy(&self) -> f64 {
        self.hits / self.samples.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Evaluation;

    #[test]
    fn accuracy_of_each_class() {
        let confusion = vec![vec![3, 1, 0], vec![0, 0, 0], vec![1, 1, 2]];
        let evaluation = Evaluation { confusion, ..Evaluation::default() };
        assert_eq!(evaluation.class_accuracies(), [Some(0.75), None, Some(0.5)]);
        assert_eq!(evaluation.samples(), 8);
    }
}

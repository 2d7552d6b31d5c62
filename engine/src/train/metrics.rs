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
    #[serde(with = "crate::json::float")]
    pub loss: f64,
    /// The part that was classified rightly, 0 … 1.
    pub accuracy: f64,
    /// For each class (row), how often it was predicted as each class (column). Empty in a run's history, but for the
    /// last evaluation and the best.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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

    /// The cells of the confusion matrix that are not 0: class, prediction and count.
    pub(super) fn confusion_cells(&self) -> Vec<[u64; 3]> {
        let cells = self.confusion.iter().enumerate().flat_map(|(class, row)| {
            row.iter().enumerate().map(move |(prediction, count)| [class as u64, prediction as u64, *count])
        });
        cells.filter(|[.., count]| *count > 0).collect()
    }

    /// Makes the confusion matrix of `classes` classes from its cells.
    pub(super) fn set_confusion(&mut self, cells: &[[u64; 3]], classes: usize) {
        self.confusion = vec![vec![0; classes]; classes];
        for [class, prediction, count] in cells {
            if let Some(cell) =
                self.confusion.get_mut(*class as usize).and_then(|row| row.get_mut(*prediction as usize))
            {
                *cell = *count;
            }
        }
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
    #[serde(with = "crate::json::float")]
    pub train_loss: f64,
    /// The part of the training samples that was classified rightly, likewise.
    pub train_accuracy: f64,
    /// The learning rate of its last step.
    pub lr: f64,
    /// Evaluation on the validation set after it, if there is one and it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Evaluation>,
    /// Evaluation on the test set after it, if it was due. Where there is a validation set, the test set waits for the
    /// end of the run.
    pub test: Option<Evaluation>,
}

impl EpochResult {
    /// The evaluation after the epoch: on the validation set where there is one, else on the test set.
    pub fn evaluation(&self) -> Option<&Evaluation> {
        self.validation.as_ref().or(self.test.as_ref())
    }

    pub(super) fn evaluation_mut(&mut self) -> Option<&mut Evaluation> {
        self.validation.as_mut().or(self.test.as_mut())
    }
}

/// Losses and correct predictions, summed in double precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// Losses, each times the samples of its batch.
    #[serde(with = "crate::json::float")]
    pub loss: f64,
    /// Samples classified correctly.
    #[serde(rename = "hits")]
    pub correct: f64,
    /// Samples.
    pub samples: f64,
}

impl Sums {
    /// Adds a batch with this mean loss.
    pub fn add(&mut self, loss: f64, correct: f64, samples: usize) {
        self.loss += loss * samples as f64;
        self.correct += correct;
        self.samples += samples as f64;
    }

    /// The mean loss of a sample.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.samples.max(1.0)
    }

    /// The part classified rightly.
    pub fn accuracy(&self) -> f64 {
        self.correct / self.samples.max(1.0)
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

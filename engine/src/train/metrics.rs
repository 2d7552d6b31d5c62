//! What is measured: losses of steps, results of epochs, and how a model does on a test set, class by class. It knows
//! no loop.

use serde::{Deserialize, Serialize};

/// One training step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// The number of the step, from 1.
    pub step: u64,
    /// The mean loss of its batch.
    #[serde(with = "crate::json::float")]
    pub loss: f64,
    /// The part of its batch that was classified correctly, 0 … 1; `None` for regression.
    pub accuracy: Option<f64>,
}

/// How a model does on a test set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The mean loss.
    #[serde(with = "crate::json::float")]
    pub loss: f64,
    /// The part that was classified correctly, 0 … 1; `None` for regression.
    pub accuracy: Option<f64>,
    /// For each class (row), how often it was predicted as each class (column). Empty for regression, and in a run's
    /// history but for the last evaluation and the best.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confusion: Vec<Vec<u64>>,
    /// Errors in the unit of the targets, for regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression: Option<RegressionMetrics>,
}

/// Errors of a regression on a test set, in the unit of the targets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionMetrics {
    /// The mean squared error, mean (ŷ − y)², in the square of that unit.
    #[serde(with = "crate::json::float")]
    pub mse: f64,
    /// The mean absolute error, mean |ŷ − y|.
    #[serde(with = "crate::json::float")]
    pub mae: f64,
    /// The coefficient of determination, 1 − Σ(ŷ − y)² / Σ(y − ȳ)², as scikit-learn's `r2_score`: 1 is perfect, 0 as
    /// good as the mean. For targets that are all equal, 1 if every prediction is exact and else 0.
    #[serde(with = "crate::json::float")]
    pub r2: f64,
    /// Samples tested.
    pub samples: u64,
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

    /// Names and values of what was measured besides the loss: `accuracy`, or `mse`, `mae` and `r2`.
    pub fn figures(&self) -> Vec<(&'static str, f64)> {
        let accuracy = self.accuracy.map(|accuracy| ("accuracy", accuracy));
        let errors = self.regression.map(|errors| [("mse", errors.mse), ("mae", errors.mae), ("r2", errors.r2)]);
        accuracy.into_iter().chain(errors.into_iter().flatten()).collect()
    }

    /// How many samples there were.
    pub fn samples(&self) -> u64 {
        self.regression.map_or_else(|| self.confusion.iter().flatten().sum(), |regression| regression.samples)
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
    /// The part of the training samples that was classified correctly, likewise; `None` for regression.
    pub train_accuracy: Option<f64>,
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

/// Sums over predictions of a quantity, in the scale of the model.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RegressionSums {
    samples: u64,
    /// Σ|ŷ − y|.
    absolute: f64,
    /// Σ(ŷ − y)².
    squared: f64,
    /// Σy.
    targets: f64,
    /// Σy².
    squared_targets: f64,
}

impl RegressionSums {
    /// Adds a prediction ŷ and its target y.
    pub fn add(&mut self, prediction: f64, target: f64) {
        let error = prediction - target;
        self.samples += 1;
        self.absolute += error.abs();
        self.squared += error * error;
        self.targets += target;
        self.squared_targets += target * target;
    }

    /// The metrics, where a unit of the scale is `std` units of the targets.
    pub fn metrics(&self, std: f64) -> RegressionMetrics {
        let n = (self.samples as f64).max(1.0);
        let total = self.squared_targets - self.targets * self.targets / n;
        let r2 = if total > 0.0 { 1.0 - self.squared / total } else { f64::from(u8::from(self.squared == 0.0)) };
        let (mse, mae) = (std * std * self.squared / n, std * self.absolute / n);
        RegressionMetrics { mse, mae, r2, samples: self.samples }
    }
}

/// Losses and correct predictions, summed in double precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// Losses, each times the samples of its batch.
    #[serde(with = "crate::json::float")]
    pub loss: f64,
    /// Samples classified correctly; `None` for regression.
    #[serde(default, rename = "hits")]
    pub correct: Option<f64>,
    /// Samples.
    pub samples: f64,
}

impl Sums {
    /// Adds a batch with this mean loss.
    pub fn add(&mut self, loss: f64, correct: Option<f64>, samples: usize) {
        self.loss += loss * samples as f64;
        if let Some(correct) = correct {
            *self.correct.get_or_insert(0.0) += correct;
        }
        self.samples += samples as f64;
    }

    /// The mean loss of a sample.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.samples.max(1.0)
    }

    /// The part classified correctly; `None` for regression.
    pub fn accuracy(&self) -> Option<f64> {
        self.correct.map(|correct| correct / self.samples.max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{Evaluation, RegressionSums};

    #[test]
    fn accuracy_of_each_class() {
        let confusion = vec![vec![3, 1, 0], vec![0, 0, 0], vec![1, 1, 2]];
        let evaluation = Evaluation { confusion, ..Evaluation::default() };
        assert_eq!(evaluation.class_accuracies(), [Some(0.75), None, Some(0.5)]);
        assert_eq!(evaluation.samples(), 8);
    }

    #[test]
    fn regression_metrics_are_those_of_scikit_learn() {
        // r2_score([3, -0.5, 2, 7], [2.5, 0, 2, 8]) and mean_absolute_error of the same, from its documentation.
        let mut sums = RegressionSums::default();
        for (prediction, target) in [(2.5, 3.0), (0.0, -0.5), (2.0, 2.0), (8.0, 7.0)] {
            sums.add(prediction, target);
        }
        let metrics = sums.metrics(1.0);
        assert!((metrics.r2 - 0.948_608_137_044_967).abs() < 1e-12, "{metrics:?}");
        assert_eq!((metrics.mse, metrics.mae, metrics.samples), (0.375, 0.5, 4));
        assert_eq!((sums.metrics(10.0).mse, sums.metrics(10.0).mae), (37.5, 5.0));
    }
}

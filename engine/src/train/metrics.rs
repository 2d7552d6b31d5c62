//! Metrics: losses of steps, results of epochs, and evaluations on a test set, class by class. The
//! module knows no training loop.

use serde::{Deserialize, Serialize};

/// Result of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// Index of the step, from 1.
    pub step: u64,
    /// Mean loss of the batch.
    #[serde(with = "crate::json::float")]
    pub loss: f64,
    /// Fraction of the batch classified correctly, 0 … 1; `None` for regression.
    pub accuracy: Option<f64>,
}

/// Result of an evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean loss of a sample.
    #[serde(with = "crate::json::float")]
    pub loss: f64,
    /// Fraction of the samples classified correctly, 0 … 1; `None` for regression.
    pub accuracy: Option<f64>,
    /// Confusion matrix: number of samples by class (row) and predicted class (column). Empty for
    /// regression, and in a run's history except for the last and the best evaluation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confusion: Vec<Vec<u64>>,
    /// Errors in the unit of the targets, for regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression: Option<RegressionMetrics>,
}

/// Errors of a regression, in the unit of the targets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionMetrics {
    /// Mean squared error, mean (ŷ − y)², in the square of the unit.
    #[serde(with = "crate::json::float")]
    pub mse: f64,
    /// Mean absolute error, mean |ŷ − y|.
    #[serde(with = "crate::json::float")]
    pub mae: f64,
    /// Coefficient of determination, 1 − Σ(ŷ − y)² / Σ(y − ȳ)², as scikit-learn's `r2_score`: 1 for
    /// perfect predictions, 0 for the mean. If all targets are equal, 1 if every prediction is
    /// exact, else 0.
    #[serde(with = "crate::json::float")]
    pub r2: f64,
    /// Number of samples.
    pub samples: u64,
}

impl Evaluation {
    /// Returns the fraction of each class classified correctly; `None` for classes without samples.
    pub fn class_accuracies(&self) -> Vec<Option<f64>> {
        let of_row = |(class, row): (usize, &Vec<u64>)| {
            let all: u64 = row.iter().sum();
            (all > 0).then(|| row.get(class).copied().unwrap_or(0) as f64 / all as f64)
        };
        self.confusion.iter().enumerate().map(of_row).collect()
    }

    /// Returns the nonzero elements of the confusion matrix: class, prediction and count.
    pub(super) fn confusion_cells(&self) -> Vec<[u64; 3]> {
        let cells = self.confusion.iter().enumerate().flat_map(|(class, row)| {
            row.iter().enumerate().map(move |(prediction, count)| [class as u64, prediction as u64, *count])
        });
        cells.filter(|[.., count]| *count > 0).collect()
    }

    /// Sets the confusion matrix of `classes` classes from its nonzero elements.
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

    /// Returns names and values of the metrics other than the loss: `accuracy`, or `mse`, `mae` and
    /// `r2`.
    pub fn metrics(&self) -> Vec<(&'static str, f64)> {
        let accuracy = self.accuracy.map(|accuracy| ("accuracy", accuracy));
        let errors = self.regression.map(|errors| [("mse", errors.mse), ("mae", errors.mae), ("r2", errors.r2)]);
        accuracy.into_iter().chain(errors.into_iter().flatten()).collect()
    }

    /// Returns the number of samples.
    pub fn samples(&self) -> u64 {
        self.regression.map_or_else(|| self.confusion.iter().flatten().sum(), |regression| regression.samples)
    }
}

/// Result of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochResult {
    /// Index of the epoch, from 1.
    pub epoch: usize,
    /// Index of its last step, from 1.
    pub step: u64,
    /// Mean loss of its batches, each before its step.
    #[serde(with = "crate::json::float")]
    pub train_loss: f64,
    /// Fraction of its training samples classified correctly, each before its step; `None` for
    /// regression.
    pub train_accuracy: Option<f64>,
    /// Learning rate of its last step.
    pub lr: f64,
    /// Evaluation on the validation set after the epoch, if there is such a set and it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Evaluation>,
    /// Evaluation on the test set after the epoch, if it was due. With a validation set, the test
    /// set is evaluated only at the end of the run.
    pub test: Option<Evaluation>,
}

impl EpochResult {
    /// Returns the evaluation after the epoch: on the validation set if there is one, else on the
    /// test set.
    pub fn evaluation(&self) -> Option<&Evaluation> {
        self.validation.as_ref().or(self.test.as_ref())
    }

    pub(super) fn evaluation_mut(&mut self) -> Option<&mut Evaluation> {
        self.validation.as_mut().or(self.test.as_mut())
    }
}

/// Sums over scaled predictions of a regression.
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

    /// Returns the metrics in the targets' unit; `std` is their standard deviation.
    pub fn metrics(&self, std: f64) -> RegressionMetrics {
        let n = (self.samples as f64).max(1.0);
        let total = self.squared_targets - self.targets * self.targets / n;
        let r2 = if total > 0.0 { 1.0 - self.squared / total } else { f64::from(u8::from(self.squared == 0.0)) };
        let (mse, mae) = (std * std * self.squared / n, std * self.absolute / n);
        RegressionMetrics { mse, mae, r2, samples: self.samples }
    }
}

/// Sums of losses and correct predictions, in double precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// Losses, each times its batch's number of samples.
    #[serde(with = "crate::json::float")]
    pub loss: f64,
    /// Number of correct predictions; `None` for regression.
    #[serde(default, rename = "hits")]
    pub correct: Option<f64>,
    /// Number of samples.
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

    /// Returns the mean loss of a sample.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.samples.max(1.0)
    }

    /// Returns the fraction of correct predictions; `None` for regression.
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
        // Examples of scikit-learn's documentation: r2_score([3, -0.5, 2, 7], [2.5, 0, 2, 8]), and
        // mean_absolute_error.
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

//! Tasks, classification and regression, and the scale of a regression target.

use serde::{Deserialize, Serialize};

use super::dataset::Dataset;
use crate::Result;

/// Task of a data set, by its labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Prediction of a class.
    #[default]
    Classification,
    /// Prediction of a quantity, such as a price.
    Regression,
}

/// Scale of a regression model's output: `(y − mean) / std`, as scikit-learn's `StandardScaler`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetScale {
    /// Mean of the training targets, in their unit; 0 by default.
    pub mean: f64,
    /// Standard deviation of the training targets, in their unit; 1 by default, and if all are
    /// equal.
    pub std: f64,
}

impl Default for TargetScale {
    fn default() -> Self {
        Self { mean: 0.0, std: 1.0 }
    }
}

impl TargetScale {
    /// Computes the scale of the targets of a training set; the default for classification.
    ///
    /// # Errors
    /// A target cannot be read.
    pub fn from_targets(train: &dyn Dataset) -> Result<Self> {
        if train.task() == Task::Classification || train.is_empty() {
            return Ok(Self::default());
        }
        let n = train.len() as f64;
        let mut mean = 0.0;
        for i in 0..train.len() {
            mean += train.target(i)? / n;
        }
        let mut variance = 0.0;
        for i in 0..train.len() {
            variance += (train.target(i)? - mean).powi(2) / n;
        }
        let std = variance.sqrt();
        Ok(Self { mean, std: if std > 0.0 && std.is_finite() { std } else { 1.0 } })
    }

    /// Scales a target to the model's output.
    pub fn scaled(&self, target: f64) -> f64 {
        (target - self.mean) / self.std
    }

    /// Scales a model's output back to the unit of the targets.
    pub fn unscaled(&self, prediction: f64) -> f64 {
        prediction * self.std + self.mean
    }
}

//! Tasks that labels set, classification and regression, and the scale of a regression target.

use serde::{Deserialize, Serialize};

use super::dataset::Dataset;
use crate::Result;

/// Task that a data set's labels set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One of several classes.
    #[default]
    Classification,
    /// A quantity, such as a price.
    Regression,
}

/// The scale that a model predicts a quantity in: `(y − mean) / std`, as scikit-learn's `StandardScaler`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetScale {
    /// The mean of the training targets, in their unit.
    pub mean: f64,
    /// Their standard deviation, in their unit; 1 where all are equal.
    pub std: f64,
}

impl Default for TargetScale {
    fn default() -> Self {
        Self { mean: 0.0, std: 1.0 }
    }
}

impl TargetScale {
    /// Measures the targets of a training set; the default for classification.
    ///
    /// # Errors
    /// A target that cannot be read.
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

    /// A target as the model predicts it.
    pub fn scaled(&self, target: f64) -> f64 {
        (target - self.mean) / self.std
    }

    /// A prediction of the model in the unit of the targets.
    pub fn unscaled(&self, prediction: f64) -> f64 {
        prediction * self.std + self.mean
    }
}

//! Record of a run beyond its settings, stored in model files: a later evaluation finds the same
//! samples, and the epoch of the weights.

use serde::{Deserialize, Serialize};

use super::{Keep, TrainSpec};
use crate::Result;
use crate::data::{Dataset, SplitRecord, digest};
use crate::format::ModelFile;
use crate::{Error, json};

/// Record of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// Samples of the run.
    pub data: DataRecord,
    /// Epoch of the weights.
    pub selection: Selection,
    /// Earlier settings, oldest first; the run's own settings followed them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierSettings>,
}

/// Samples of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataRecord {
    /// Channels, height and width of an image, or number of columns of a row, before any
    /// augmentation.
    pub shape: Vec<usize>,
    /// Training samples.
    pub train: SplitDigest,
    /// Validation samples, if the data has a validation split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<SplitDigest>,
    /// Test samples.
    pub test: SplitDigest,
    /// Method of the splits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitRecord>,
}

/// Identity of the samples of a split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SplitDigest {
    /// Number of samples.
    pub samples: usize,
    /// [`digest`], in hexadecimal digits.
    pub digest: String,
}

impl SplitDigest {
    /// Counts samples and computes their digest.
    ///
    /// # Errors
    /// A sample cannot be read.
    pub fn from_dataset(data: &dyn Dataset) -> Result<Self> {
        Ok(Self { samples: data.len(), digest: format!("{:016x}", digest(data)?) })
    }
}

/// Epoch of a file's weights, and the best epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// Epoch of the weights, from 1; 0 before the end of the first.
    pub epoch: usize,
    /// Weights that the run ends with.
    pub keep: Keep,
    /// Metric that epochs are compared by: `validation_loss`, or `test_loss` without a validation
    /// set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Epoch of its minimum, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<usize>,
    /// Its minimum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<f64>,
}

/// Settings before a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlierSettings {
    /// Index of the last step with them, from 1.
    pub until_step: u64,
    /// Settings.
    pub settings: TrainSpec,
}

/// Returns the record of the run in a model file; `None` in files of older versions.
///
/// # Errors
/// The record is damaged.
pub fn run_record(file: &ModelFile) -> Result<Option<RunRecord>> {
    let damaged = |e| Error::value("model", format!("the file's record of the run is damaged: {e}"));
    file.info.record.as_ref().map(|record| json::from_value(record).map_err(damaged)).transpose()
}

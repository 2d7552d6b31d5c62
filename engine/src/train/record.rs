//! The record of a run: what its settings do not say. A model file holds it, so that whoever tests the model later
//! finds the same samples and knows which epoch the weights are of.

use serde::{Deserialize, Serialize};

use super::{Keep, TrainSpec, Trainer};
use crate::Result;
use crate::data::{DataLoader, Dataset, SplitRecord, digest};
use crate::format::ModelFile;
use crate::{Error, json};

/// Record of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// The samples.
    pub data: DataRecord,
    /// The epoch that the weights are of.
    pub selection: Selection,
    /// Settings that were changed under way, oldest first. The run's own settings held after them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierSettings>,
}

/// The samples of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataRecord {
    /// Channels, height and width of an image, or columns of a row, before any augmentation.
    pub shape: Vec<usize>,
    /// Training samples.
    pub train: SplitDigest,
    /// Validation samples, if the data has a validation set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<SplitDigest>,
    /// Test samples.
    pub test: SplitDigest,
    /// The way the splits were made.
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
    /// A sample that cannot be read.
    pub fn from_dataset(data: &dyn Dataset) -> Result<Self> {
        Ok(Self { samples: data.len(), digest: format!("{:016x}", digest(data)?) })
    }
}

/// The weights that a file holds, and the epoch that was best.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// The epoch that the weights are of, from 1; 0 before the first has ended.
    pub epoch: usize,
    /// Weights that the run ends with.
    pub keep: Keep,
    /// The quantity by which epochs are compared: `validation_loss`, or `test_loss` where there is no validation set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The epoch at which it was lowest, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<usize>,
    /// Its value there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<f64>,
}

/// Settings that held before others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlierSettings {
    /// The last step, from 1, that was made with them.
    pub until_step: u64,
    /// The settings.
    pub settings: TrainSpec,
}

/// The record of the run that a model was trained by; `None` in files of older versions.
///
/// # Errors
/// It is damaged.
pub fn run_record(file: &ModelFile) -> Result<Option<RunRecord>> {
    let damaged = |e| Error::value("model", format!("the file's record of the run is damaged: {e}"));
    file.info.record.as_ref().map(|record| json::from_value(record).map_err(damaged)).transpose()
}

impl Trainer {
    /// Records how the splits that the run was given were made.
    pub fn set_split(&mut self, split: SplitRecord) {
        self.split = Some(split);
    }

    /// Returns the record of the run so far.
    ///
    /// # Errors
    /// A sample that cannot be read.
    pub fn record(&self) -> Result<RunRecord> {
        let of = |loader: &DataLoader| SplitDigest::from_dataset(loader.dataset().as_ref());
        let validation = self.validation.as_deref().map(of).transpose()?;
        let data = DataRecord {
            shape: self.train.dataset().shape().to_vec(),
            train: of(&self.train)?,
            validation,
            test: of(&self.test)?,
            split: self.split.clone(),
        };
        Ok(RunRecord { data, selection: self.selection(), earlier: self.earlier.clone() })
    }

    /// Returns the epoch that the model's weights are of, and the best epoch.
    pub fn selection(&self) -> Selection {
        let metric = match &self.validation {
            Some(_) => Some("validation_loss"),
            None => (!self.test.is_empty()).then_some("test_loss"),
        };
        Selection {
            epoch: self.weights_epoch(),
            keep: self.spec.keeps(),
            metric: metric.map(str::to_owned),
            best_epoch: self.patience.epoch,
            best: self.patience.best,
        }
    }
}

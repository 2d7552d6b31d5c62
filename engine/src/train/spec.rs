//! Specification of a run as plain data: model, data, augmentation, optimizer, schedule, duration.

use serde::{Deserialize, Serialize};

use super::model::preset;
use super::{Augment, ModelSpec};
use crate::data::{Task, catalog};
use crate::nn::times;
use crate::optim::{AdamOptions, OptimizerSpec, Schedule};
use crate::{Error, Result};

/// Specification of a run. Omitted fields have their defaults.
///
/// ```
/// use kindling::train::TrainSpec;
/// # fn main() -> kindling::Result<()> {
/// let run = TrainSpec::from_json(r#"{
///     "preset": "cifar-intro", "data": {"name": "cifar10"},
///     "optimizer": {"name": "SGD", "lr": 0.001, "momentum": 0.9}, "batch_size": 4, "epochs": 2
/// }"#)?;
/// assert_eq!(run.evaluate_every, 5);
/// run.check()?;
/// assert!(TrainSpec::from_json(r#"{"epoch": 2}"#).is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSpec {
    /// Layers of the model; without them, `preset` is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSpec>,
    /// Name of a preset model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Training and test data.
    pub data: DataSpec,
    /// Augmentation of training images, in order; none by default.
    pub augment: Vec<Augment>,
    /// Loss function, cross entropy by default.
    pub loss: LossSpec,
    /// Optimizer and its hyperparameters, Adam with PyTorch's defaults by default.
    pub optimizer: OptimizerSpec,
    /// Learning-rate schedule; a constant rate by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Steps the schedule after each epoch, the default, instead of after each batch.
    pub schedule_by_epoch: bool,
    /// Maximum norm of the gradients; no clipping by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_grad_norm: Option<f64>,
    /// Number of samples per step, 64 by default.
    pub batch_size: usize,
    /// Drops the last batch of an epoch if it is smaller; `false` by default.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drop_last: bool,
    /// Number of passes over the training set, 15 by default.
    pub epochs: usize,
    /// Epochs from one evaluation to the next, 5 by default; the last epoch is always evaluated.
    pub evaluate_every: usize,
    /// Early stopping; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Weights that the run ends with; by default the best if it may stop early, else the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// Seed of all random numbers, 0 by default.
    pub seed: u64,
}

/// Data of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSpec {
    /// Name of the data set or format: `cifar10` (the default), `cifar100`, `mnist`,
    /// `fashion-mnist`, `folder`, `csv` or `shapes`.
    pub name: String,
    /// Label column of a table: its name, or its number from 1. Detected by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Task that a table's label sets. Detected by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// Path of the data; not needed for `shapes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Number of training samples to use, from the first on; all by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_limit: Option<usize>,
    /// Number of test samples to use, from the first on; all by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_limit: Option<usize>,
    /// Shuffles the training samples in each epoch; `true` by default.
    pub shuffle: bool,
    /// Mean of each channel, of values from 0 to 1; computed from the training set by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<f64>>,
    /// Standard deviation of each channel; computed from the training set by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std: Option<Vec<f64>>,
}

fn one() -> f64 {
    1.0
}

/// Loss functions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", deny_unknown_fields)]
pub enum LossSpec {
    /// Cross entropy of logits and classes.
    #[serde(rename = "cross_entropy")]
    CrossEntropy {
        /// Share of the target that is spread over all classes, 0 by default.
        #[serde(default)]
        label_smoothing: f64,
    },
    /// Mean squared error; classes are one-hot.
    #[serde(rename = "mse")]
    Mse {},
    /// Mean absolute error, for regression.
    #[serde(rename = "l1")]
    L1 {},
    /// Squared error below `beta`, absolute error above, for regression.
    #[serde(rename = "smooth_l1")]
    SmoothL1 {
        /// Threshold between the two pieces, in units of the scaled target; 1 by default.
        #[serde(default = "one")]
        beta: f64,
    },
    /// Squared error below `delta`, `delta` times the absolute error above, for regression.
    #[serde(rename = "huber")]
    Huber {
        /// Threshold between the two pieces, in units of the scaled target; 1 by default.
        #[serde(default = "one")]
        delta: f64,
    },
}

/// Early stopping, by the validation loss, or by the test loss without a validation set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// Number of evaluations without improvement; the run ends with the next one.
    pub patience: usize,
    /// Minimum decrease of the loss that counts as improvement, 0 by default.
    #[serde(default)]
    pub min_delta: f64,
}

/// Weights that a run ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Weights after the last step.
    #[default]
    Last,
    /// Weights of the epoch with the lowest validation loss (test loss without a validation set),
    /// as Keras's `restore_best_weights`.
    Best,
}

impl Default for DataSpec {
    fn default() -> Self {
        Self {
            name: catalog::CIFAR10.name.into(),
            label: None,
            task: None,
            path: None,
            train_limit: None,
            test_limit: None,
            shuffle: true,
            mean: None,
            std: None,
        }
    }
}

impl Default for LossSpec {
    fn default() -> Self {
        Self::CrossEntropy { label_smoothing: 0.0 }
    }
}

impl Default for TrainSpec {
    fn default() -> Self {
        Self {
            model: None,
            preset: None,
            data: DataSpec::default(),
            augment: Vec::new(),
            loss: LossSpec::default(),
            optimizer: OptimizerSpec::Adam(AdamOptions::default()),
            schedule: None,
            schedule_by_epoch: true,
            clip_grad_norm: None,
            batch_size: 64,
            drop_last: false,
            epochs: 15,
            evaluate_every: 5,
            early_stopping: None,
            keep: None,
            seed: 0,
        }
    }
}

impl TrainSpec {
    /// Parses JSON.
    ///
    /// # Errors
    /// The text is no JSON, or has an unknown key or a value of the wrong type; the error names the
    /// position.
    pub fn from_json(json: &str) -> Result<Self> {
        crate::json::read(json).map_err(|e| Error::value("train", e))
    }

    /// Returns the specification as JSON.
    ///
    /// # Errors
    /// A number cannot be expressed in JSON.
    pub fn to_json(&self) -> Result<String> {
        crate::json::write(self).map_err(|e| Error::value("train", e))
    }

    /// Returns the specification with a loss for the task: for regression, `mse` replaces cross
    /// entropy.
    #[must_use]
    pub fn for_task(mut self, task: Task) -> Self {
        if task == Task::Regression && matches!(self.loss, LossSpec::CrossEntropy { .. }) {
            self.loss = LossSpec::Mse {};
        }
        self
    }

    /// Returns the model for inputs of a shape: the specified one, or the preset, or the tutorial's
    /// network for CIFAR. It has one output per class, or a single one for regression.
    ///
    /// # Errors
    /// Model and preset are both specified; the preset is unknown; or the model does not fit inputs
    /// or outputs.
    pub fn model_for(&self, input: &[usize], outputs: usize) -> Result<ModelSpec> {
        let model = match (&self.model, &self.preset) {
            (Some(_), Some(_)) => return Err(Error::value("train", "give a model or a preset, not both")),
            (Some(model), None) => model.clone(),
            (None, name) => return preset(name.as_deref().unwrap_or("cifar-intro"), input, outputs),
        };
        if model.input != input {
            let rule = format!("the model takes inputs of {}, the data has {}", times(&model.input), times(input));
            return Err(Error::shape("train", rule));
        }
        let summary = model.summary();
        match (summary.error, summary.output.as_deref()) {
            (Some(error), _) => Err(Error::shape("train", error)),
            (None, Some([found])) if *found == outputs => Ok(model),
            (None, output) => {
                let given = output.filter(|shape| !shape.is_empty()).map_or_else(|| "one number".to_owned(), times);
                let rule = format!(
                    "the model's output has the shape {given}; the data needs {outputs}, a number for each class or one \
                     for a quantity"
                );
                Err(Error::shape("train", rule))
            }
        }
    }

    /// Returns the weights that the run ends with: as specified, else the best if it may stop
    /// early, else the last.
    pub fn final_weights(&self) -> Keep {
        let default = if self.early_stopping.is_some() { Keep::Best } else { Keep::Last };
        self.keep.unwrap_or(default)
    }

    /// Checks the settings, as far as possible without the data.
    ///
    /// # Errors
    /// A setting is out of its range; the error names it.
    pub fn check(&self) -> Result<()> {
        let refuse = |rule: String| Err(Error::value("train", rule));
        if self.batch_size == 0 || self.epochs == 0 || self.evaluate_every == 0 {
            let (b, e, k) = (self.batch_size, self.epochs, self.evaluate_every);
            return refuse(format!("batch_size, epochs and evaluate_every must be at least 1, got {b}, {e} and {k}"));
        }
        if let Some(norm) = self.clip_grad_norm.filter(|norm| *norm <= 0.0 || !norm.is_finite()) {
            return refuse(format!("clip_grad_norm must be finite and above 0, got {norm}"));
        }
        if let Some(EarlyStopping { min_delta, .. }) = &self.early_stopping
            && !(min_delta.is_finite() && *min_delta >= 0.0)
        {
            return refuse(format!("min_delta must be finite and at least 0, got {min_delta}"));
        }
        if matches!(self.schedule, Some(Schedule::Plateau(_))) && !self.schedule_by_epoch {
            return refuse("ReduceLROnPlateau compares epochs: it needs schedule_by_epoch to be true".into());
        }
        if let LossSpec::CrossEntropy { label_smoothing: s } = self.loss
            && !(0.0..=1.0).contains(&s)
        {
            return refuse(format!("label_smoothing must be between 0 and 1, got {s}"));
        }
        match self.loss {
            LossSpec::SmoothL1 { beta } if !(beta >= 0.0 && beta.is_finite()) => {
                return refuse(format!("smooth_l1: beta must be at least 0, got {beta}"));
            }
            LossSpec::Huber { delta } if !(delta > 0.0 && delta.is_finite()) => {
                return refuse(format!("huber: delta must be above 0, got {delta}"));
            }
            _ => {}
        }
        self.augment.iter().try_for_each(Augment::check)?;
        self.optimizer.check()?;
        self.schedule.as_ref().map_or(Ok(()), Schedule::check)?;
        self.model.as_ref().map_or(Ok(()), ModelSpec::check)
    }
}

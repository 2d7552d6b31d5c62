//! A training run as plain data: model, data, augmentation, optimizer, schedule, and how long.

use serde::{Deserialize, Serialize};

use super::model::preset;
use super::{Augment, ModelSpec};
use crate::data::{Task, catalog};
use crate::nn::times;
use crate::optim::{AdamOptions, OptimizerSpec, Schedule};
use crate::{Error, Result};

/// Everything that determines a run. What is left out has the default.
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
    /// The model's layers; else `preset` names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelSpec>,
    /// The name of a model to begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// What is learned from.
    pub data: DataSpec,
    /// What is done to pictures before they are learned from, in order.
    pub augment: Vec<Augment>,
    /// What is compared.
    pub loss: LossSpec,
    /// How parameters move.
    pub optimizer: OptimizerSpec,
    /// How the learning rate changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Whether the schedule's steps are epochs; else they are batches.
    pub schedule_by_epoch: bool,
    /// The norm beyond which gradients are made smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_grad_norm: Option<f64>,
    /// Samples a step.
    pub batch_size: usize,
    /// Leaves out the last batch of an epoch if it has fewer samples. Default: `false`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drop_last: bool,
    /// Times that all pictures are seen.
    pub epochs: usize,
    /// Epochs from one evaluation to the next; the last epoch is always followed by one.
    pub evaluate_every: usize,
    /// When to stop before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Weights that the run ends with; by default the best if it may stop early, else the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// What all randomness begins with.
    pub seed: u64,
}

/// Where pictures come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSpec {
    /// `cifar10`, `cifar100`, `mnist`, `fashion-mnist`, `folder`, `csv` or `shapes`.
    pub name: String,
    /// Label column of a table: its name, or its number from 1. Detected by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Task that a table's label sets. Detected by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// Where it lies; not needed for `shapes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The first so many pictures to train on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_limit: Option<usize>,
    /// The first so many pictures to test on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_limit: Option<usize>,
    /// Whether training takes pictures in another order each epoch.
    pub shuffle: bool,
    /// What is subtracted from each channel, of values from 0 to 1; the data set's own if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<f64>>,
    /// What each channel is divided by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std: Option<Vec<f64>>,
}

fn one() -> f64 {
    1.0
}

/// What is compared with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", deny_unknown_fields)]
pub enum LossSpec {
    /// Logits with classes.
    #[serde(rename = "cross_entropy")]
    CrossEntropy {
        /// How much of a target is spread over all classes.
        #[serde(default)]
        label_smoothing: f64,
    },
    /// The squared error; classes count as one-hot.
    #[serde(rename = "mse")]
    Mse {},
    /// The absolute error of a quantity.
    #[serde(rename = "l1")]
    L1 {},
    /// The squared error of a quantity below `beta`, the absolute error above.
    #[serde(rename = "smooth_l1")]
    SmoothL1 {
        /// Error at which the two pieces meet, in units of the scaled target; 1 by default.
        #[serde(default = "one")]
        beta: f64,
    },
    /// The squared error of a quantity below `delta`, `delta` times the absolute error above.
    #[serde(rename = "huber")]
    Huber {
        /// Error at which the two pieces meet, in units of the scaled target; 1 by default.
        #[serde(default = "one")]
        delta: f64,
    },
}

/// Stops a run whose validation loss (the test loss, where there is no validation set) has not fallen for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// Evaluations without improvement that are tolerated; the run ends with the next one.
    pub patience: usize,
    /// The smallest fall of the loss that counts as improvement. Default: 0.
    #[serde(default)]
    pub min_delta: f64,
}

/// Choice of the weights that a run ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Those after its last step.
    #[default]
    Last,
    /// Those of the epoch with the lowest validation loss (test loss, where there is no validation set), as Keras's
    /// `restore_best_weights`.
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
    /// From JSON.
    ///
    /// # Errors
    /// No JSON, an unknown key, a value of the wrong kind; the error says where.
    pub fn from_json(json: &str) -> Result<Self> {
        crate::json::read(json).map_err(|e| Error::value("train", e))
    }

    /// As JSON.
    ///
    /// # Errors
    /// A number that JSON cannot express.
    pub fn to_json(&self) -> Result<String> {
        crate::json::write(self).map_err(|e| Error::value("train", e))
    }

    /// The same run with a loss for the task: for a quantity, `mse` takes the place of cross entropy.
    #[must_use]
    pub fn for_task(mut self, task: Task) -> Self {
        if task == Task::Regression && matches!(self.loss, LossSpec::CrossEntropy { .. }) {
            self.loss = LossSpec::Mse {};
        }
        self
    }

    /// The model for inputs of a shape, with an output for each class or one for a quantity: the one given, or the
    /// preset, or the CIFAR form of the introduction's network.
    ///
    /// # Errors
    /// Model and preset are both given; no such preset; the model does not take these inputs or give these outputs.
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

    /// Returns the weights that the run ends with: as set, else the best if it may stop early and the last if not.
    pub fn keeps(&self) -> Keep {
        let default = if self.early_stopping.is_some() { Keep::Best } else { Keep::Last };
        self.keep.unwrap_or(default)
    }

    /// Whether the numbers make sense, as far as can be said without the data.
    ///
    /// # Errors
    /// One is out of its range; the error names it.
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

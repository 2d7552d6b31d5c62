//! Learning-rate schedules, by PyTorch's names and numbers, computed in f64. A [`Schedule`] is
//! plain data: a function of the step; a [`Scheduler`] applies it to an optimizer. Rates are
//! computed from the step's index, not from the last rate, so that a run can be resumed at any step
//! and rounding errors do not accumulate.

mod annealing;
mod one_cycle;
mod plateau;
mod scheduler;

pub use annealing::{CosineAnnealing, CosineRestarts, Linear, Polynomial};
pub use one_cycle::{Anneal, OneCycle};
pub use plateau::{Plateau, PlateauMode, PlateauState, ThresholdMode};
pub use scheduler::{Scheduler, SchedulerState};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// A schedule and its parameters, by PyTorch's names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", deny_unknown_fields)]
pub enum Schedule {
    /// Step decay: η·γ^⌊t/step_size⌋.
    /// [StepLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html)
    #[serde(rename = "StepLR", alias = "step")]
    Step {
        /// Steps between two decays.
        step_size: u64,
        /// Factor γ of a decay, 0.1 by default.
        #[serde(default = "default_gamma")]
        gamma: f64,
    },
    /// Decay at milestones: η·γ^(milestones passed).
    /// [MultiStepLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html)
    #[serde(rename = "MultiStepLR", alias = "multistep")]
    MultiStep {
        /// Steps of the decays.
        milestones: Vec<u64>,
        /// Factor γ of a decay, 0.1 by default.
        #[serde(default = "default_gamma")]
        gamma: f64,
    },
    /// Exponential decay: η·γ^t.
    /// [ExponentialLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html)
    #[serde(rename = "ExponentialLR", alias = "exponential")]
    Exponential {
        /// Factor γ of each step.
        gamma: f64,
    },
    /// Constant factor for the first steps: η·factor.
    /// [ConstantLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html)
    #[serde(rename = "ConstantLR", alias = "constant")]
    Constant {
        /// Factor of the first steps, 1/3 by default.
        #[serde(default = "default_factor")]
        factor: f64,
        /// Number of steps, 5 by default.
        #[serde(default = "default_total_iters")]
        total_iters: u64,
    },
    /// Cosine annealing, down and up again.
    #[serde(rename = "CosineAnnealingLR", alias = "cosine")]
    CosineAnnealing(CosineAnnealing),
    /// Cosine annealing with warm restarts.
    #[serde(rename = "CosineAnnealingWarmRestarts", alias = "warm_restarts")]
    CosineRestarts(CosineRestarts),
    /// Linear change of the factor.
    #[serde(rename = "LinearLR", alias = "linear")]
    Linear(Linear),
    /// Polynomial decay.
    #[serde(rename = "PolynomialLR", alias = "polynomial")]
    Polynomial(Polynomial),
    /// One cycle up and down, with opposite momentum.
    #[serde(rename = "OneCycleLR", alias = "one_cycle")]
    OneCycle(OneCycle),
    /// Decay on a plateau of a metric.
    #[serde(rename = "ReduceLROnPlateau", alias = "plateau")]
    Plateau(Plateau),
    /// Schedules in sequence, each from its own step 0.
    /// [SequentialLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html)
    #[serde(rename = "SequentialLR", alias = "sequential")]
    Sequential {
        /// Schedules in order; any but plateau and one-cycle.
        schedules: Vec<Schedule>,
        /// First steps of the second schedule, the third, ….
        milestones: Vec<u64>,
    },
}

fn default_gamma() -> f64 {
    0.1
}

fn default_factor() -> f64 {
    1.0 / 3.0
}

fn default_total_iters() -> u64 {
    5
}

impl Schedule {
    /// Parses JSON: `{"name": "CosineAnnealingLR", "T_max": 50}`.
    ///
    /// # Errors
    /// An unknown schedule; or an unknown, missing or ill-typed parameter.
    pub fn from_json(json: &str) -> Result<Self> {
        crate::json::read(json).map_err(|e| Error::value("schedule", e))
    }

    /// Creates a schedule from name and parameters, as PyTorch's constructor takes them;
    /// `SequentialLR` takes `schedulers`, a list of `[name, parameters]`.
    ///
    /// # Errors
    /// As [`Schedule::from_json`].
    pub fn from_attrs(name: &str, attrs: &Map<String, Value>) -> Result<Self> {
        let mut map = attrs.clone();
        if let Some(Value::Array(list)) = map.remove("schedulers") {
            let named = |entry: &Value| match entry.as_array().map(Vec::as_slice) {
                Some([Value::String(name), Value::Object(attrs)]) => Self::from_attrs(name, attrs),
                _ => Err(Error::value("schedule", format!("expected [name, parameters], got {entry}"))),
            };
            let schedules: Vec<Self> = list.iter().map(named).collect::<Result<_>>()?;
            let schedules = crate::json::to_value(&schedules).map_err(|e| Error::value("schedule", e))?;
            map.insert("schedules".into(), schedules);
        }
        map.insert("name".into(), Value::String(name.into()));
        crate::json::from_value(&Value::Object(map)).map_err(|e| Error::value("schedule", e))
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// A parameter is out of its range; the error names it.
    pub fn check(&self) -> Result<()> {
        let refuse = |rule: &str| Err(Error::value("schedule", rule));
        match self {
            Self::Step { step_size: 0, .. } => refuse("StepLR: step_size must be at least 1"),
            Self::CosineAnnealing(cosine) => cosine.check(),
            Self::CosineRestarts(cosine) => cosine.check(),
            Self::Linear(linear) => linear.check(),
            Self::OneCycle(cycle) => cycle.check(),
            Self::Plateau(plateau) => plateau.check(),
            Self::Sequential { schedules, milestones } => {
                if schedules.len() != milestones.len() + 1 || schedules.is_empty() {
                    return refuse("SequentialLR: expected one milestone less than schedules");
                }
                if milestones.windows(2).any(|pair| pair[0] >= pair[1]) {
                    return refuse("SequentialLR: milestones must grow");
                }
                let inner = |s: &Self| matches!(s, Self::Plateau(_) | Self::OneCycle(_) | Self::Sequential { .. });
                if schedules.iter().any(inner) {
                    return refuse("SequentialLR: takes no plateau, one-cycle or sequential schedule");
                }
                schedules.iter().try_for_each(Self::check)
            }
            _ => Ok(()),
        }
    }

    /// Returns the learning rate of step `t`, from 0, for the optimizer's rate `base`.
    /// [`Schedule::Plateau`], which depends on a metric, returns `base`.
    pub fn lr(&self, base: f64, t: u64) -> f64 {
        let power = |gamma: f64, n: u64| gamma.powf(n as f64);
        match self {
            Self::Step { step_size, gamma } => base * power(*gamma, t / (*step_size).max(1)),
            Self::MultiStep { milestones, gamma } => {
                base * power(*gamma, milestones.iter().filter(|m| **m <= t).count() as u64)
            }
            Self::Exponential { gamma } => base * power(*gamma, t),
            Self::Constant { factor, total_iters } => base * if t < *total_iters { *factor } else { 1.0 },
            Self::CosineAnnealing(cosine) => cosine.lr(base, t),
            Self::CosineRestarts(cosine) => cosine.lr(base, t),
            Self::Linear(linear) => linear.lr(base, t),
            Self::Polynomial(polynomial) => polynomial.lr(base, t),
            Self::OneCycle(cycle) => cycle.lr(t),
            Self::Plateau(_) => base,
            Self::Sequential { schedules, milestones } => {
                let at = milestones.iter().filter(|m| **m <= t).count();
                let since = if at == 0 { 0 } else { milestones[at - 1] };
                schedules.get(at).map_or(base, |schedule| schedule.lr(base, t - since))
            }
        }
    }

    /// Returns the last step that the schedule allows, as PyTorch does; `None` if it has no end.
    pub fn total_steps(&self) -> Option<u64> {
        match self {
            Self::OneCycle(cycle) => Some(cycle.total_steps),
            _ => None,
        }
    }

    /// Returns the momentum of step `t`, if the schedule sets it.
    pub fn momentum(&self, t: u64) -> Option<f64> {
        match self {
            Self::OneCycle(cycle) => cycle.momentum(t),
            _ => None,
        }
    }
}

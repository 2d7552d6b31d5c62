//! Learning-rate schedules, by PyTorch's names and numbers, computed in f64. A [`Schedule`] is plain data: a
//! function of the step; a [`Scheduler`] applies it to an optimizer. Rates are computed from the step's number, not
//! from the last rate, so that a run can be resumed anywhere and no rounding piles up.

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
    /// η·γ^⌊t/step_size⌋.
    /// [StepLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html)
    #[serde(rename = "StepLR", alias = "step")]
    Step {
        /// Steps between two falls.
        step_size: u64,
        /// The factor of a fall.
        #[serde(default = "tenth")]
        gamma: f64,
    },
    /// η·γ^(milestones passed).
    /// [MultiStepLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html)
    #[serde(rename = "MultiStepLR", alias = "multistep")]
    MultiStep {
        /// When it falls.
        milestones: Vec<u64>,
        /// The factor of a fall.
        #[serde(default = "tenth")]
        gamma: f64,
    },
    /// η·γ^t.
    /// [ExponentialLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html)
    #[serde(rename = "ExponentialLR", alias = "exponential")]
    Exponential {
        /// The factor of each step.
        gamma: f64,
    },
    /// η·factor for the first steps.
    /// [ConstantLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html)
    #[serde(rename = "ConstantLR", alias = "constant")]
    Constant {
        /// The factor.
        #[serde(default = "third")]
        factor: f64,
        /// How many steps.
        #[serde(default = "five")]
        total_iters: u64,
    },
    /// Half a cosine down, and up again.
    #[serde(rename = "CosineAnnealingLR", alias = "cosine")]
    CosineAnnealing(CosineAnnealing),
    /// A cosine that starts again and again.
    #[serde(rename = "CosineAnnealingWarmRestarts", alias = "warm_restarts")]
    CosineRestarts(CosineRestarts),
    /// A factor that changes along a line.
    #[serde(rename = "LinearLR", alias = "linear")]
    Linear(Linear),
    /// A power of the steps left.
    #[serde(rename = "PolynomialLR", alias = "polynomial")]
    Polynomial(Polynomial),
    /// Up, down, and momentum against it.
    #[serde(rename = "OneCycleLR", alias = "one_cycle")]
    OneCycle(OneCycle),
    /// Falls when a metric stops improving.
    #[serde(rename = "ReduceLROnPlateau", alias = "plateau")]
    Plateau(Plateau),
    /// One schedule after another, each beginning at its own step 0.
    /// [SequentialLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html)
    #[serde(rename = "SequentialLR", alias = "sequential")]
    Sequential {
        /// In order; all but plateau and one-cycle.
        schedules: Vec<Schedule>,
        /// When the second begins, the third, ….
        milestones: Vec<u64>,
    },
}

fn tenth() -> f64 {
    0.1
}

fn third() -> f64 {
    1.0 / 3.0
}

fn five() -> u64 {
    5
}

impl Schedule {
    /// From JSON: `{"name": "CosineAnnealingLR", "T_max": 50}`.
    ///
    /// # Errors
    /// No such schedule, or a parameter that is unknown, missing or of the wrong kind.
    pub fn from_json(json: &str) -> Result<Self> {
        crate::json::read(json).map_err(|e| Error::value("schedule", e))
    }

    /// By name and parameters, as PyTorch's constructor takes them; `SequentialLR` takes `schedulers`, a list of
    /// `[name, parameters]`.
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

    /// Whether the parameters make sense.
    ///
    /// # Errors
    /// One is out of its range; the error names it.
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

    /// The learning rate of step `t`, from 0, where the optimizer's own is `base`. Schedules that depend on what
    /// happens, which is [`Schedule::Plateau`], leave it as it is.
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

    /// The momentum of step `t`, where the schedule sets it.
    pub fn momentum(&self, t: u64) -> Option<f64> {
        match self {
            Self::OneCycle(cycle) => cycle.momentum(t),
            _ => None,
        }
    }
}

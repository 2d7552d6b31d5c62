//! Schedules from one rate to another: along a cosine, a line or a power.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Cosine annealing: η_min + (η − η_min)(1 + cos(πt/T_max))/2.
/// [CosineAnnealingLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CosineAnnealing {
    /// Steps from the maximum to the minimum rate.
    #[serde(rename = "T_max")]
    pub t_max: u64,
    /// Minimum rate, 0 by default.
    #[serde(default)]
    pub eta_min: f64,
}

impl CosineAnnealing {
    pub(super) fn check(&self) -> Result<()> {
        if self.t_max == 0 {
            return Err(Error::value("schedule", "CosineAnnealingLR: T_max must be at least 1"));
        }
        Ok(())
    }

    pub(super) fn lr(&self, base: f64, t: u64) -> f64 {
        half_cosine(base, self.eta_min, t as f64 / self.t_max as f64)
    }
}

/// Warm restarts: the cosine of [`CosineAnnealing`] over T_0 steps, then over T_0·T_mult, and so
/// on, each from the maximum rate.
/// [CosineAnnealingWarmRestarts](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CosineRestarts {
    /// Steps until the first restart.
    #[serde(rename = "T_0")]
    pub t_0: u64,
    /// Growth factor of the cycle length, 1 by default.
    #[serde(rename = "T_mult", default = "default_t_mult")]
    pub t_mult: u64,
    /// Minimum rate, 0 by default.
    #[serde(default)]
    pub eta_min: f64,
}

fn default_t_mult() -> u64 {
    1
}

impl CosineRestarts {
    pub(super) fn check(&self) -> Result<()> {
        if self.t_0 == 0 || self.t_mult == 0 {
            return Err(Error::value("schedule", "CosineAnnealingWarmRestarts: T_0 and T_mult must be at least 1"));
        }
        Ok(())
    }

    pub(super) fn lr(&self, base: f64, t: u64) -> f64 {
        let (mut since, mut length) = (t, self.t_0.max(1));
        if self.t_mult <= 1 {
            since %= length;
        }
        while since >= length {
            since -= length;
            length = length.saturating_mul(self.t_mult);
        }
        half_cosine(base, self.eta_min, since as f64 / length as f64)
    }
}

fn half_cosine(from: f64, to: f64, fraction: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * fraction).cos()) / 2.0
}

/// Linear factor of η, from `start_factor` to `end_factor`, constant afterwards.
/// [LinearLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Linear {
    /// Factor of the first step, 1/3 by default.
    pub start_factor: f64,
    /// Factor from step `total_iters` on, 1 by default.
    pub end_factor: f64,
    /// Number of steps of the change, 5 by default.
    pub total_iters: u64,
}

impl Default for Linear {
    fn default() -> Self {
        Self { start_factor: 1.0 / 3.0, end_factor: 1.0, total_iters: 5 }
    }
}

impl Linear {
    pub(super) fn check(&self) -> Result<()> {
        if !(self.start_factor > 0.0 && self.start_factor <= 1.0 && (0.0..=1.0).contains(&self.end_factor)) {
            let rule = "LinearLR: start_factor must be above 0 and end_factor at least 0, neither above 1";
            return Err(Error::value("schedule", rule));
        }
        Ok(())
    }

    pub(super) fn lr(&self, base: f64, t: u64) -> f64 {
        let fraction =
            if self.total_iters == 0 { 1.0 } else { t.min(self.total_iters) as f64 / self.total_iters as f64 };
        base * (self.start_factor + (self.end_factor - self.start_factor) * fraction)
    }
}

/// Polynomial decay: η(1 − t/total_iters)^power, then 0.
/// [PolynomialLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Polynomial {
    /// Steps until the rate is 0, 5 by default.
    pub total_iters: u64,
    /// Exponent, 1 by default.
    pub power: f64,
}

impl Default for Polynomial {
    fn default() -> Self {
        Self { total_iters: 5, power: 1.0 }
    }
}

impl Polynomial {
    pub(super) fn lr(&self, base: f64, t: u64) -> f64 {
        let total = self.total_iters.max(1);
        base * (1.0 - t.min(total) as f64 / total as f64).powf(self.power)
    }
}

//! `ReduceLROnPlateau`: decays the rate when a metric has stopped improving.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Decay on a plateau: multiplies the rate by `factor` once the metric has not improved for more
/// than `patience` steps.
/// [ReduceLROnPlateau](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plateau {
    /// Direction of improvement, `min` by default.
    pub mode: PlateauMode,
    /// Factor of a decay, 0.1 by default.
    pub factor: f64,
    /// Patience: steps without improvement before a decay, 10 by default.
    pub patience: u64,
    /// Minimum improvement, 1e-4 by default.
    pub threshold: f64,
    /// Reference of the threshold: relative (the default) or absolute.
    pub threshold_mode: ThresholdMode,
    /// Steps after a decay without counting, 0 by default.
    pub cooldown: u64,
    /// Minimum rate, 0 by default.
    pub min_lr: f64,
    /// Minimum change of the rate; smaller decays are skipped, 1e-8 by default.
    pub eps: f64,
}

/// Direction of improvement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlateauMode {
    /// Less is better, as for a loss.
    #[default]
    Min,
    /// More is better, as for an accuracy.
    Max,
}

/// Reference of a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThresholdMode {
    /// Fraction of the best value.
    #[default]
    Rel,
    /// Difference from the best value.
    Abs,
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            mode: PlateauMode::Min,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            cooldown: 0,
            min_lr: 0.0,
            eps: 1e-8,
        }
    }
}

/// State of a plateau schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlateauState {
    best: Option<f64>,
    bad: u64,
    cooldown: u64,
}

impl Plateau {
    pub(super) fn check(&self) -> Result<()> {
        if self.factor >= 1.0 || self.factor.is_nan() {
            let rule = format!("ReduceLROnPlateau: factor must be below 1, got {}", self.factor);
            return Err(Error::value("schedule", rule));
        }
        for (name, value) in [("threshold", self.threshold), ("min_lr", self.min_lr), ("eps", self.eps)] {
            if !value.is_finite() {
                return Err(Error::value("schedule", format!("ReduceLROnPlateau: {name} must be finite, got {value}")));
            }
        }
        Ok(())
    }

    /// Records a metric; returns `true` if the rate decays.
    pub(super) fn falls(&self, state: &mut PlateauState, metric: f64) -> bool {
        let worst = if self.mode == PlateauMode::Min { f64::INFINITY } else { f64::NEG_INFINITY };
        // As in PyTorch the first metric must beat infinity, and NaN beats nothing.
        if self.improves(state.best.unwrap_or(worst), metric) {
            state.best = Some(metric);
            state.bad = 0;
        } else {
            state.bad += 1;
        }
        if state.cooldown > 0 {
            state.cooldown -= 1;
            state.bad = 0;
        }
        let falls = state.bad > self.patience;
        if falls {
            state.cooldown = self.cooldown;
            state.bad = 0;
        }
        falls
    }

    /// Returns the rate after a decay.
    pub(super) fn lower(&self, lr: f64) -> f64 {
        let new = (lr * self.factor).max(self.min_lr);
        if lr - new > self.eps { new } else { lr }
    }

    fn improves(&self, best: f64, metric: f64) -> bool {
        let threshold = self.threshold;
        match (self.mode, self.threshold_mode) {
            (PlateauMode::Min, ThresholdMode::Rel) => metric < best * (1.0 - threshold),
            (PlateauMode::Min, ThresholdMode::Abs) => metric < best - threshold,
            (PlateauMode::Max, ThresholdMode::Rel) => metric > best * (1.0 + threshold),
            (PlateauMode::Max, ThresholdMode::Abs) => metric > best + threshold,
        }
    }
}

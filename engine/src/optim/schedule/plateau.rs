//! `ReduceLROnPlateau`: the rate falls when a metric has stopped improving.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The rate is multiplied by `factor` once the metric has not improved for more than `patience` steps.
/// [ReduceLROnPlateau](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plateau {
    /// Whether less or more is better.
    pub mode: PlateauMode,
    /// The factor of a fall.
    pub factor: f64,
    /// Steps without improvement that are borne.
    pub patience: u64,
    /// What counts as improvement.
    pub threshold: f64,
    /// Whether the threshold is a part of the best value or a distance from it.
    pub threshold_mode: ThresholdMode,
    /// Steps after a fall in which nothing is counted.
    pub cooldown: u64,
    /// The lowest rate.
    pub min_lr: f64,
    /// A fall smaller than this is left out.
    pub eps: f64,
}

/// Whether less or more is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlateauMode {
    /// Less, as for a loss.
    #[default]
    Min,
    /// More, as for an accuracy.
    Max,
}

/// What a threshold is relative to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThresholdMode {
    /// A part of the best value.
    #[default]
    Rel,
    /// A distance.
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

/// What has been seen so far.
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
        Ok(())
    }

    /// Whether the rate falls after this metric.
    pub(super) fn falls(&self, state: &mut PlateauState, metric: f64) -> bool {
        if state.best.is_none_or(|best| self.improves(best, metric)) && !metric.is_nan() {
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

    /// The rate after a fall.
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

//! `OneCycleLR`: the rate rises to its highest and falls to nearly nothing, the momentum moves against it.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// From max_lr/div_factor up to max_lr over `pct_start` of the steps, then down to max_lr/div_factor/final_div_factor;
/// in three phases, down to where it began as fast as it rose, and from there to the end.
/// [OneCycleLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneCycle {
    /// The highest rate.
    pub max_lr: f64,
    /// How many steps the cycle has; the last rate stays.
    pub total_steps: u64,
    /// The part of the steps in which the rate rises.
    #[serde(default = "pct_start")]
    pub pct_start: f64,
    /// Along which curve.
    #[serde(default)]
    pub anneal_strategy: Anneal,
    /// Whether momentum (or the first beta) is cycled too.
    #[serde(default = "yes")]
    pub cycle_momentum: bool,
    /// The lowest momentum.
    #[serde(default = "base_momentum")]
    pub base_momentum: f64,
    /// The highest momentum.
    #[serde(default = "max_momentum")]
    pub max_momentum: f64,
    /// The first rate is max_lr over this.
    #[serde(default = "div_factor")]
    pub div_factor: f64,
    /// The last rate is the first over this.
    #[serde(default = "final_div_factor")]
    pub final_div_factor: f64,
    /// Whether it falls in two phases.
    #[serde(default)]
    pub three_phase: bool,
}

/// The curve from one value to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anneal {
    /// Half a cosine.
    #[default]
    Cos,
    /// A line.
    Linear,
}

fn pct_start() -> f64 {
    0.3
}

fn yes() -> bool {
    true
}

fn base_momentum() -> f64 {
    0.85
}

fn max_momentum() -> f64 {
    0.95
}

fn div_factor() -> f64 {
    25.0
}

fn final_div_factor() -> f64 {
    1e4
}

impl OneCycle {
    /// A cycle of so many steps up to `max_lr`, with PyTorch's defaults.
    pub fn new(max_lr: f64, total_steps: u64) -> Self {
        Self {
            max_lr,
            total_steps,
            pct_start: pct_start(),
            anneal_strategy: Anneal::Cos,
            cycle_momentum: true,
            base_momentum: base_momentum(),
            max_momentum: max_momentum(),
            div_factor: div_factor(),
            final_div_factor: final_div_factor(),
            three_phase: false,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let refuse = |rule: String| Err(Error::value("schedule", format!("OneCycleLR: {rule}")));
        if self.total_steps == 0 {
            return refuse("total_steps must be at least 1".into());
        }
        if !(0.0..=1.0).contains(&self.pct_start) {
            return refuse(format!("pct_start must be between 0 and 1, got {}", self.pct_start));
        }
        Ok(())
    }

    pub(super) fn lr(&self, t: u64) -> f64 {
        let first = self.max_lr / self.div_factor;
        let last = first / self.final_div_factor;
        let points =
            if self.three_phase { vec![first, self.max_lr, first, last] } else { vec![first, self.max_lr, last] };
        self.at(t, &points)
    }

    pub(super) fn momentum(&self, t: u64) -> Option<f64> {
        let (low, high) = (self.base_momentum, self.max_momentum);
        let points = if self.three_phase { vec![high, low, high, high] } else { vec![high, low, high] };
        self.cycle_momentum.then(|| self.at(t, &points))
    }

    /// The value at step `t` of a curve through `points`, which lie at the ends of the phases.
    fn at(&self, t: u64, points: &[f64]) -> f64 {
        let total = self.total_steps as f64;
        let last = total - 1.0;
        let rise = self.pct_start * total - 1.0;
        let ends =
            if self.three_phase { vec![rise, 2.0 * self.pct_start * total - 2.0, last] } else { vec![rise, last] };
        let t = (t as f64).min(last);
        let mut start = 0.0;
        for (i, end) in ends.iter().enumerate() {
            if t <= *end || i + 1 == ends.len() {
                let fraction = if *end > start { (t - start) / (end - start) } else { 1.0 };
                return self.between(points[i], points[i + 1], fraction);
            }
            start = *end;
        }
        points[points.len() - 1]
    }

    fn between(&self, from: f64, to: f64, fraction: f64) -> f64 {
        match self.anneal_strategy {
            Anneal::Cos => to + (from - to) / 2.0 * (1.0 + (PI * fraction).cos()),
            Anneal::Linear => from + (to - from) * fraction,
        }
    }
}

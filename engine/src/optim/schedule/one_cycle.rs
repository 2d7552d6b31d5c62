//! `OneCycleLR`: the rate rises to its maximum and falls to nearly zero; the momentum moves
//! oppositely.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// One cycle: from max_lr/div_factor up to max_lr over `pct_start` of the steps, then down to
/// max_lr/div_factor/final_div_factor. With three phases, down to the initial rate as fast as it
/// rose, and from there to the end.
/// [OneCycleLR](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneCycle {
    /// Maximum rate.
    pub max_lr: f64,
    /// Number of steps of the cycle; the last rate stays.
    pub total_steps: u64,
    /// Fraction of the steps in which the rate rises, 0.3 by default.
    #[serde(default = "default_pct_start")]
    pub pct_start: f64,
    /// Curve of the changes, a cosine by default.
    #[serde(default)]
    pub anneal_strategy: Anneal,
    /// Cycles momentum (or the first beta) too; `true` by default.
    #[serde(default = "default_true")]
    pub cycle_momentum: bool,
    /// Minimum momentum, 0.85 by default.
    #[serde(default = "default_base_momentum")]
    pub base_momentum: f64,
    /// Maximum momentum, 0.95 by default.
    #[serde(default = "default_max_momentum")]
    pub max_momentum: f64,
    /// Ratio of the maximum to the initial rate, 25 by default.
    #[serde(default = "default_div_factor")]
    pub div_factor: f64,
    /// Ratio of the initial to the final rate, 1e4 by default.
    #[serde(default = "default_final_div_factor")]
    pub final_div_factor: f64,
    /// Decays in two phases; `false` by default.
    #[serde(default)]
    pub three_phase: bool,
}

/// Curve from one value to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anneal {
    /// Half a cosine.
    #[default]
    Cos,
    /// Straight line.
    Linear,
}

fn default_pct_start() -> f64 {
    0.3
}

fn default_true() -> bool {
    true
}

fn default_base_momentum() -> f64 {
    0.85
}

fn default_max_momentum() -> f64 {
    0.95
}

fn default_div_factor() -> f64 {
    25.0
}

fn default_final_div_factor() -> f64 {
    1e4
}

impl OneCycle {
    /// Creates a cycle of `total_steps` steps up to `max_lr`, with PyTorch's defaults.
    pub fn new(max_lr: f64, total_steps: u64) -> Self {
        Self {
            max_lr,
            total_steps,
            pct_start: default_pct_start(),
            anneal_strategy: Anneal::Cos,
            cycle_momentum: true,
            base_momentum: default_base_momentum(),
            max_momentum: default_max_momentum(),
            div_factor: default_div_factor(),
            final_div_factor: default_final_div_factor(),
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
        let factors = [("max_lr", self.max_lr), ("div_factor", self.div_factor)];
        for (name, value) in factors.into_iter().chain([("final_div_factor", self.final_div_factor)]) {
            if !(value.is_finite() && value > 0.0) {
                return refuse(format!("{name} must be finite and above 0, got {value}"));
            }
        }
        if [self.base_momentum, self.max_momentum].iter().any(|m| !(0.0..=1.0).contains(m)) {
            let (low, high) = (self.base_momentum, self.max_momentum);
            return refuse(format!("base_momentum and max_momentum must be between 0 and 1, got {low} and {high}"));
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

    /// Returns the value at step `t` of a curve through `points`, the values at the ends of the
    /// phases.
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

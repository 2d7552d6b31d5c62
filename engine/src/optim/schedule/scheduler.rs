//! The scheduler: applies a schedule to an optimizer, counting steps.

use serde::{Deserialize, Serialize};

use super::{PlateauState, Schedule};
use crate::optim::{Optimizer, UpdateRule};
use crate::{Error, Result};

/// A schedule and its state.
///
/// ```
/// use kindling::optim::{Schedule, Scheduler, Sgd};
/// use kindling::{Device, Tensor};
/// # fn main() -> kindling::Result<()> {
/// let w = Tensor::ones([2], &Device::cpu())?.requires_grad_(true)?;
/// let mut optimizer = Sgd::new([w], 0.1);
/// let mut scheduler = Scheduler::new(Schedule::Step { step_size: 2, gamma: 0.5 }, &mut optimizer)?;
/// scheduler.step(&mut optimizer);
/// assert_eq!(optimizer.lrs(), [0.1]);
/// scheduler.step(&mut optimizer);
/// assert_eq!(optimizer.lrs(), [0.05]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Scheduler {
    schedule: Schedule,
    state: SchedulerState,
}

/// State of a scheduler, for checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SchedulerState {
    /// Number of steps so far.
    pub step: u64,
    /// Base learning rate of each group.
    pub base_lrs: Vec<f64>,
    /// State of a plateau.
    #[serde(default)]
    pub plateau: PlateauState,
}

impl Scheduler {
    /// Creates a scheduler with the optimizer's rates as the base, and sets those of step 0.
    ///
    /// # Errors
    /// An invalid parameter of the schedule; a momentum to cycle in an optimizer without one.
    pub fn new<R: UpdateRule>(schedule: Schedule, optimizer: &mut Optimizer<R>) -> Result<Self> {
        schedule.check()?;
        if schedule.momentum(0).is_some() && optimizer.rules().any(|rule| rule.momentum().is_none()) {
            let rule = "OneCycleLR: the optimizer has no momentum to cycle; set cycle_momentum to false";
            return Err(Error::value("schedule", rule));
        }
        let state = SchedulerState { base_lrs: optimizer.lrs(), ..Default::default() };
        let scheduler = Self { schedule, state };
        scheduler.apply(optimizer);
        Ok(scheduler)
    }

    /// Resumes a schedule from a state; rates are set at its next step.
    pub fn resume(schedule: Schedule, state: SchedulerState) -> Self {
        Self { schedule, state }
    }

    /// Changes the optimizer's own rates, one a group, and sets those of this step.
    pub fn set_base_lrs<R: UpdateRule>(&mut self, base_lrs: Vec<f64>, optimizer: &mut Optimizer<R>) {
        if matches!(self.schedule, Schedule::Plateau(_)) {
            optimizer.rules_mut().zip(&base_lrs).for_each(|(rule, lr)| rule.set_lr(*lr));
        }
        self.state.base_lrs = base_lrs;
        self.apply(optimizer);
    }

    /// Returns the state.
    pub fn state(&self) -> &SchedulerState {
        &self.state
    }

    /// Returns the schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Sets the rates of the next step. A plateau needs [`Scheduler::step_with`].
    pub fn step<R: UpdateRule>(&mut self, optimizer: &mut Optimizer<R>) {
        self.state.step += 1;
        self.apply(optimizer);
    }

    /// Sets the rates of the next step, given the metric for a plateau.
    pub fn step_with<R: UpdateRule>(&mut self, optimizer: &mut Optimizer<R>, metric: f64) {
        self.state.step += 1;
        let Schedule::Plateau(plateau) = &self.schedule else { return self.apply(optimizer) };
        if plateau.falls(&mut self.state.plateau, metric) {
            optimizer.rules_mut().for_each(|rule| rule.set_lr(plateau.lower(rule.lr())));
        }
    }

    fn apply<R: UpdateRule>(&self, optimizer: &mut Optimizer<R>) {
        if matches!(self.schedule, Schedule::Plateau(_)) {
            return;
        }
        let momentum = self.schedule.momentum(self.state.step);
        for (rule, base) in optimizer.rules_mut().zip(&self.state.base_lrs) {
            rule.set_lr(self.schedule.lr(*base, self.state.step));
            if let Some(momentum) = momentum {
                rule.set_momentum(momentum);
            }
        }
    }
}

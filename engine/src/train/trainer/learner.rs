//! The part that a step changes: the model, the optimizer with its schedule, and the random
//! generator. It knows no data and no settings.

use crate::nn::{Module, StateDict};
use crate::ops::Generator;
use crate::optim::schedule::{PlateauMode, SchedulerState};
use crate::optim::{Hyperparameters, OptimState, Optimizer, OptimizerSpec, Schedule, Scheduler, clip_grad_norm_};
use crate::train::metrics::Sums;
use crate::train::{Evaluation, Graph, LossSpec, Model, ModelSpec, TrainSpec};
use crate::{Device, Result, Tensor};

pub(super) struct Learner {
    model: Model,
    optimizer: Optimizer,
    scheduler: Option<Scheduler>,
    generator: Generator,
}

/// State of a learner. Later steps do not change its tensors.
pub(super) struct LearnerState {
    pub model: StateDict,
    pub optimizer: OptimState,
    pub scheduler: Option<SchedulerState>,
    pub generator: Generator,
}

impl Learner {
    pub fn new(spec: &TrainSpec, model: &ModelSpec, device: &Device) -> Result<Self> {
        let mut generator = Generator::new(spec.seed);
        let model = generator.scope(|| model.build(device))?;
        let mut optimizer = spec.optimizer.build(model.parameters())?;
        let scheduler = spec.schedule.clone().map(|schedule| Scheduler::new(schedule, &mut optimizer)).transpose()?;
        Ok(Self { model, optimizer, scheduler, generator })
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Records the forward pass. Returns the loss of a batch and the model's outputs.
    pub fn forward(&mut self, inputs: &Tensor, labels: &Tensor, loss: &LossSpec) -> Result<(Tensor, Tensor)> {
        let Self { model, optimizer, generator, .. } = self;
        model.train(true);
        optimizer.zero_grad();
        generator.scope(|| {
            let output = model.forward(inputs)?;
            Ok((loss.forward(&output, labels)?, output))
        })
    }

    /// Records the backward pass; the norm of all gradients is limited to `max_norm`.
    pub fn backward(&self, loss: &Tensor, max_norm: Option<f64>) -> Result<()> {
        loss.backward()?;
        if let Some(norm) = max_norm {
            clip_grad_norm_(&self.model.parameters(), norm, 2.0)?;
        }
        Ok(())
    }

    /// Updates the parameters.
    pub fn step(&mut self) -> Result<()> {
        self.optimizer.step()
    }

    /// Returns the autograd graph of a loss.
    pub fn graph(&self, loss: &Tensor) -> Graph {
        Graph::from_loss(loss, &self.model.named_parameters())
    }

    /// Steps a schedule that counts batches.
    pub fn step_schedule(&mut self) {
        if let Some(scheduler) = &mut self.scheduler {
            scheduler.step(&mut self.optimizer);
        }
    }

    /// Steps a schedule that counts epochs. A plateau schedule is stepped on evaluations if there
    /// are any (`evaluates`), as PyTorch's `scheduler.step(val_loss)`, else on each epoch's
    /// training loss.
    pub fn step_schedule_by_epoch(&mut self, training: &Sums, evaluation: Option<&Evaluation>, evaluates: bool) {
        let Some(scheduler) = &mut self.scheduler else { return };
        let mode = match scheduler.schedule() {
            Schedule::Plateau(plateau) => plateau.mode,
            _ => return scheduler.step(&mut self.optimizer),
        };
        let metric = match (mode, evaluation) {
            (PlateauMode::Min, Some(evaluation)) => Some(evaluation.loss),
            (PlateauMode::Max, Some(evaluation)) => evaluation.accuracy,
            (_, None) if evaluates => return,
            (PlateauMode::Min, None) => Some(training.mean_loss()),
            (PlateauMode::Max, None) => training.accuracy(),
        };
        if let Some(metric) = metric {
            scheduler.step_with(&mut self.optimizer, metric);
        }
    }

    /// Returns the number of steps of the schedule.
    pub fn scheduled_steps(&self) -> u64 {
        self.scheduler.as_ref().map_or(0, |scheduler| scheduler.state().step)
    }

    /// Returns the learning rate of the next step, of the first parameter group.
    pub fn lr(&self) -> f64 {
        self.optimizer.lrs().first().copied().unwrap_or(0.0)
    }

    /// Sets the learning rate of all parameter groups. A schedule continues with its base scaled by
    /// the same factor. Returns the base of the first group; the rate without a schedule.
    pub fn set_lr(&mut self, lr: f64) -> f64 {
        let before = self.lr();
        self.optimizer.set_lr(lr);
        let Some(scheduler) = &mut self.scheduler else { return lr };
        let mut state = scheduler.state().clone();
        let factor = lr / before;
        state.base_lrs.iter_mut().for_each(|base| *base = if before > 0.0 { *base * factor } else { lr });
        let base = state.base_lrs.first().copied().unwrap_or(lr);
        *scheduler = Scheduler::resume(scheduler.schedule().clone(), state);
        base
    }

    pub fn has_momentum(&self) -> bool {
        self.optimizer.rules().any(|rule| rule.momentum().is_some())
    }

    pub fn set_momentum(&mut self, momentum: f64) {
        self.optimizer.rules_mut().for_each(|rule| rule.set_momentum(momentum));
    }

    /// Changes the hyper-parameters of every parameter group.
    pub fn change(&mut self, mut change: impl FnMut(OptimizerSpec) -> Result<OptimizerSpec>) -> Result<()> {
        self.optimizer.rules_mut().try_for_each(|rule| {
            let changed = change(rule.spec())?;
            rule.set_spec(&changed)
        })
    }

    /// Applies settings that differ from those `before`: another learning rate becomes the
    /// schedule's base, another schedule starts at step 0.
    pub fn apply_changes(&mut self, before: &TrainSpec, now: &TrainSpec) -> Result<()> {
        let replanned = (&before.schedule, before.schedule_by_epoch) != (&now.schedule, now.schedule_by_epoch);
        let (old, new) = (before.optimizer.attrs()?, now.optimizer.attrs()?);
        self.change(|spec| {
            let same = spec.name() == now.optimizer.name();
            let mut changed = new.clone();
            // A group of another kind, such as Muon's of AdamW, shares only the weight decay.
            changed.retain(|name, value| {
                name != "lr" && (replanned || old.get(name) != Some(value)) && (same || name == "weight_decay")
            });
            spec.with(&changed)
        })?;
        let lr = now.optimizer.lr();
        if replanned {
            self.optimizer.set_lr(lr);
            let planned = now.schedule.clone();
            self.scheduler = planned.map(|schedule| Scheduler::new(schedule, &mut self.optimizer)).transpose()?;
        } else if lr != before.optimizer.lr() {
            let groups = self.optimizer.lrs().len();
            match &mut self.scheduler {
                Some(scheduler) => scheduler.set_base_lrs(vec![lr; groups], &mut self.optimizer),
                None => self.optimizer.set_lr(lr),
            }
        }
        Ok(())
    }

    /// Returns the model's weights. Later steps do not change them.
    pub fn weights(&self) -> Result<StateDict> {
        self.model.state_dict()
    }

    pub fn load_weights(&self, weights: &StateDict) -> Result<()> {
        self.model.load_state_dict(weights)
    }

    pub fn state(&self) -> Result<LearnerState> {
        Ok(LearnerState {
            model: self.model.state_dict()?,
            optimizer: self.optimizer.state_dict()?,
            scheduler: self.scheduler.as_ref().map(|scheduler| scheduler.state().clone()),
            generator: self.generator,
        })
    }

    pub fn restore(&mut self, state: &LearnerState) -> Result<()> {
        self.optimizer.load_state_dict(&state.optimizer)?;
        self.model.load_state_dict(&state.model)?;
        self.generator = state.generator;
        if let (Some(scheduler), Some(state)) = (&mut self.scheduler, &state.scheduler) {
            *scheduler = Scheduler::resume(scheduler.schedule().clone(), state.clone());
        }
        Ok(())
    }
}

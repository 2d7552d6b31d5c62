//! Changes of a run in progress: hyperparameters that a user changes while it trains, and data that
//! arrives meanwhile. Each change documents when it takes effect.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Map;

use super::check::{check_batches, check_schedule};
use super::trainer::Phase;
use super::{Ending, Evaluation, Graph, TrainSpec, Trainer, evaluate};
use crate::data::{DataLoader, Dataset, Epoch};
use crate::optim::{Hyperparameters, Optimizer, OptimizerSpec, Scheduler, UpdateRule, schedule::SchedulerState};
use crate::{Error, Result};

impl Trainer {
    /// Sets the learning rate of all parameter groups from the next step on. A schedule continues
    /// with its base scaled by the same factor.
    ///
    /// # Errors
    /// The rate is negative or not finite.
    pub fn set_lr(&mut self, lr: f64) -> Result<()> {
        if !lr.is_finite() || lr < 0.0 {
            return Err(Error::value("set_lr", format!("the learning rate must be at least 0, got {lr}")));
        }
        if let Some(scheduler) = &self.scheduler {
            let before = self.lr();
            let factor = if before > 0.0 { lr / before } else { 1.0 };
            let state = scheduler.state().clone();
            let base_lrs = state.base_lrs.iter().map(|base| if before > 0.0 { base * factor } else { lr }).collect();
            self.scheduler =
                Some(Scheduler::resume(scheduler.schedule().clone(), SchedulerState { base_lrs, ..state }));
        }
        self.optimizer.set_lr(lr);
        let before = self.spec.clone();
        self.spec.optimizer = match &self.scheduler {
            Some(scheduler) => self.spec.optimizer.with_lr(scheduler.state().base_lrs.first().copied().unwrap_or(lr)),
            None => self.spec.optimizer.with_lr(lr),
        };
        self.record_change(&before);
        Ok(())
    }

    /// Sets the momentum, or the first of the betas, from the next step on.
    ///
    /// # Errors
    /// The optimizer has no momentum, or the value is out of its range.
    pub fn set_momentum(&mut self, momentum: f64) -> Result<()> {
        if self.optimizer.rules().all(|rule| rule.momentum().is_none()) {
            let rule = format!("{} has no momentum", self.spec.optimizer.name());
            return Err(Error::value("set_momentum", rule));
        }
        let mut changed = self.spec.optimizer.rule();
        changed.set_momentum(momentum);
        changed.check()?;
        self.optimizer.rules_mut().for_each(|rule| rule.set_momentum(momentum));
        let before = self.spec.clone();
        self.spec.optimizer = changed.spec();
        self.record_change(&before);
        Ok(())
    }

    /// Sets the weight decay of all parameter groups from the next step on.
    ///
    /// # Errors
    /// The optimizer has no weight decay, or the value is negative.
    pub fn set_weight_decay(&mut self, weight_decay: f64) -> Result<()> {
        let decayed = |spec: &OptimizerSpec| -> Result<OptimizerSpec> {
            if !spec.attrs()?.contains_key("weight_decay") {
                return Err(Error::value("set_weight_decay", format!("{} has no weight decay", spec.name())));
            }
            let mut change = Map::new();
            change.insert("weight_decay".to_owned(), weight_decay.into());
            let changed = spec.with(&change)?;
            changed.check()?;
            Ok(changed)
        };
        let spec = decayed(&self.spec.optimizer)?;
        for_each_rule(&mut self.optimizer, |rule| {
            let changed = decayed(&rule.spec())?;
            rule.set_spec(&changed)
        })?;
        let before = self.spec.clone();
        self.spec.optimizer = spec;
        self.record_change(&before);
        Ok(())
    }

    /// Sets the total number of epochs. A finished run resumes if the number exceeds those
    /// completed.
    ///
    /// # Errors
    /// The number is below that of the epochs begun.
    pub fn set_epochs(&mut self, epochs: usize) -> Result<()> {
        let begun = self.position.epoch + usize::from(self.position.batch > 0);
        if epochs < begun.max(1) {
            return Err(Error::value("set_epochs", format!("{begun} epochs have begun, {epochs} are fewer")));
        }
        let spec = TrainSpec { epochs, ..self.spec.clone() };
        let done = self.scheduler.as_ref().map_or(0, |scheduler| scheduler.state().step);
        check_schedule(&spec, done, self.position.batches, self.position)?;
        self.spec = spec;
        let over = matches!(self.phase, Phase::Ended(Ending::Finished) | Phase::Evaluating(_, Some(Ending::Finished)));
        if over && self.position.epoch < epochs {
            self.reopen()?;
        }
        Ok(())
    }

    /// Sets the number of epochs from one evaluation to the next.
    ///
    /// # Errors
    /// The number is 0.
    pub fn set_evaluate_every(&mut self, epochs: usize) -> Result<()> {
        if epochs == 0 {
            return Err(Error::value("set_evaluate_every", "it must be at least 1"));
        }
        self.spec.evaluate_every = epochs;
        Ok(())
    }

    /// Returns `true` between two epochs, when batch size and data can be changed.
    pub fn is_between_epochs(&self) -> bool {
        self.position.batch == 0 && !matches!(self.phase, Phase::Evaluating(..))
    }

    /// Sets the batch size; between epochs only ([`Trainer::is_between_epochs`]).
    ///
    /// # Errors
    /// The size is 0; or the run is within an epoch.
    pub fn set_batch_size(&mut self, batch_size: usize) -> Result<()> {
        if batch_size == 0 {
            return Err(Error::value("set_batch_size", "it must be at least 1"));
        }
        let (train, test) = (self.train.dataset().clone(), self.test.dataset().clone());
        let before = self.spec.clone();
        self.spec.batch_size = batch_size;
        if let Err(error) = self.set_data(train, test) {
            self.spec = before;
            return Err(error);
        }
        self.record_change(&before);
        Ok(())
    }

    /// Replaces the training and test data, for example when more has arrived; between epochs only.
    /// The normalization stays that of the model's inputs so far.
    ///
    /// # Errors
    /// The run is within an epoch; or the data has another shape or other classes, or no samples.
    pub fn set_data(&mut self, train: Arc<dyn Dataset>, test: Arc<dyn Dataset>) -> Result<()> {
        if !self.is_between_epochs() {
            return Err(Error::value("set_data", "data and batch size change between epochs only"));
        }
        let known = self.train.dataset();
        let fits =
            |data: &Arc<dyn Dataset>| data.shape() == known.shape() && data.classes().len() == known.classes().len();
        if train.is_empty() || !fits(&train) || !fits(&test) {
            let rule = format!(
                "the run learns from samples of {:?} in {} classes; {} samples of {:?} in {} do not fit",
                known.shape(),
                known.classes().len(),
                train.len(),
                train.shape(),
                train.classes().len()
            );
            return Err(Error::shape("set_data", rule));
        }
        check_batches(&self.spec, self.model.spec(), train.len())?;
        let (train, test) = (
            self.spec.train_loader(&train, &self.normalization, &self.device)?,
            self.spec.test_loader(&test, &self.normalization, &self.device)?,
        );
        self.train = Rc::new(train.target_scale(self.target_scale));
        self.test = Rc::new(test.target_scale(self.target_scale));
        self.position.batches = self.train.len();
        self.batches = None;
        Ok(())
    }

    /// Returns the autograd graph of a step, without executing it.
    ///
    /// # Errors
    /// The data cannot be read, or the device fails.
    pub async fn graph(&mut self) -> Result<Graph> {
        self.read().await?;
        let before = self.state()?;
        let mut batches = Epoch::over(self.train.clone(), self.position.epoch as u64, 0)?;
        let graph = match batches.next() {
            Some(batch) => {
                let (inputs, labels) = batch?;
                self.forward(&inputs, &labels).map(|(loss, _)| self.graph_of(&loss))
            }
            None => Ok(Graph::default()),
        };
        self.restore(&before)?;
        graph
    }

    /// Returns the loader of the test set.
    pub fn test_loader(&self) -> &DataLoader {
        &self.test
    }

    /// Evaluates the model on the test set now; the run stays unchanged.
    ///
    /// # Errors
    /// The device fails.
    pub async fn evaluate(&self, progress: impl FnMut(usize, usize)) -> Result<Evaluation> {
        evaluate(&self.model, &self.test, &self.spec.loss, progress).await
    }
}

fn for_each_rule<R: UpdateRule>(optimizer: &mut Optimizer<R>, change: impl FnMut(&mut R) -> Result<()>) -> Result<()> {
    optimizer.rules_mut().try_for_each(change)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
#[path = "live_tests.rs"]
mod tests;

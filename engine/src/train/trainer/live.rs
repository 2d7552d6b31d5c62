//! Changes of a run in progress: hyperparameters that a user changes while it trains, and data that
//! arrives meanwhile. Each change documents when it takes effect.

use std::sync::Arc;

use serde_json::Map;

use super::{Phase, Trainer};
use crate::data::Dataset;
use crate::optim::{Hyperparameters, OptimizerSpec, UpdateRule};
use crate::train::check::{check_batches, check_schedule};
use crate::train::{Ending, Evaluation, Graph, TrainSpec, evaluate};
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
        let base = self.learner.set_lr(lr);
        self.change_optimizer(self.spec().optimizer.with_lr(base));
        Ok(())
    }

    /// Sets the momentum, or the first of the betas, from the next step on.
    ///
    /// # Errors
    /// The optimizer has no momentum, or the value is out of its range.
    pub fn set_momentum(&mut self, momentum: f64) -> Result<()> {
        if !self.learner.has_momentum() {
            let rule = format!("{} has no momentum", self.spec().optimizer.name());
            return Err(Error::value("set_momentum", rule));
        }
        let mut changed = self.spec().optimizer.rule();
        changed.set_momentum(momentum);
        changed.check()?;
        self.learner.set_momentum(momentum);
        self.change_optimizer(changed.spec());
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
        let changed = decayed(&self.spec().optimizer)?;
        self.learner.change(|spec| decayed(&spec))?;
        self.change_optimizer(changed);
        Ok(())
    }

    fn change_optimizer(&mut self, optimizer: OptimizerSpec) {
        self.settings.change(TrainSpec { optimizer, ..self.spec().clone() }, self.position.step);
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
        let spec = TrainSpec { epochs, ..self.spec().clone() };
        check_schedule(&spec, self.learner.scheduled_steps(), self.position.batches, self.position)?;
        self.settings.replace(spec);
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
        self.settings.replace(TrainSpec { evaluate_every: epochs, ..self.spec().clone() });
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
        let spec = TrainSpec { batch_size, ..self.spec().clone() };
        let (train, test) = (self.train_loader().dataset().clone(), self.test_loader().dataset().clone());
        self.replace_data(&spec, &train, &test)?;
        self.settings.change(spec, self.position.step);
        Ok(())
    }

    /// Replaces the training and test data, for example when more has arrived; between epochs only.
    /// The normalization stays that of the model's inputs so far.
    ///
    /// # Errors
    /// The run is within an epoch; or the data has another shape or other classes, or no samples.
    pub fn set_data(&mut self, train: Arc<dyn Dataset>, test: Arc<dyn Dataset>) -> Result<()> {
        let spec = self.spec().clone();
        self.replace_data(&spec, &train, &test)
    }

    fn replace_data(&mut self, spec: &TrainSpec, train: &Arc<dyn Dataset>, test: &Arc<dyn Dataset>) -> Result<()> {
        if !self.is_between_epochs() {
            return Err(Error::value("set_data", "data and batch size change between epochs only"));
        }
        self.loaders.check(train.as_ref(), test.as_ref())?;
        check_batches(spec, self.model().spec(), train.len())?;
        self.loaders.replace(spec, train, test)?;
        self.position.batches = self.train_loader().len();
        Ok(())
    }

    /// Returns the autograd graph of a step, without executing it.
    ///
    /// # Errors
    /// The data cannot be read, or the device fails.
    pub async fn graph(&mut self) -> Result<Graph> {
        self.read().await?;
        let before = self.state()?;
        let graph = match self.loaders.batch_at(self.position.epoch, 0)? {
            Some((inputs, labels)) => {
                let passed = self.learner.forward(&inputs, &labels, &self.settings.spec().loss);
                passed.map(|(loss, _)| self.learner.graph(&loss))
            }
            None => Ok(Graph::default()),
        };
        self.restore(&before)?;
        graph
    }

    /// Evaluates the model on the test set now; the run stays unchanged.
    ///
    /// # Errors
    /// The device fails.
    pub async fn evaluate(&self, progress: impl FnMut(usize, usize)) -> Result<Evaluation> {
        evaluate(self.model(), self.test_loader(), &self.spec().loss, progress).await
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
#[path = "live_tests.rs"]
mod tests;

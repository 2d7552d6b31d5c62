//! The end of an epoch and of a run: which epoch was best, whether the run goes on, and which weights it ends with.

use std::rc::Rc;
use std::sync::Arc;

use super::check::same_kind;
use super::evaluate::EvaluationPass;
use super::trainer::Phase;
use super::{Ending, EpochResult, Evaluation, Keep, Trainer};
use crate::Result;
use crate::data::Dataset;
use crate::nn::Module;
use crate::optim::Schedule;
use crate::optim::schedule::PlateauMode;

impl Trainer {
    /// Chooses by these samples from now on: the best epoch, when to stop early, and the rate of a plateau schedule.
    /// The test set is then looked at once, at the end of the run.
    ///
    /// # Errors
    /// Samples of another shape or other classes than those to train on.
    pub fn set_validation(&mut self, validation: Arc<dyn Dataset>) -> Result<()> {
        same_kind(self.train.dataset().as_ref(), validation.as_ref(), "validation")?;
        if validation.is_empty() {
            return Ok(());
        }
        let loader = self.spec.test_loader(&validation, &self.normalization, &self.device)?;
        let loader = loader.target_scale(self.target_scale);
        self.validation = Some(Rc::new(loader));
        Ok(())
    }

    /// The result that the run's weights are judged by: on the test set, once the run is over, or at least the
    /// evaluation after the epoch that the weights are of.
    pub fn result(&self) -> Option<&Evaluation> {
        self.tested.as_ref().or_else(|| {
            let epoch = self.weights_epoch();
            let ended = self.position.batch == 0 || self.last_weights.is_some();
            self.history
                .iter()
                .rev()
                .find(|result| result.epoch == epoch && ended)
                .and_then(|result| result.test.as_ref())
        })
    }

    /// The epoch that the model's weights are of, from 1; 0 before the first has ended.
    pub(super) fn weights_epoch(&self) -> usize {
        match (&self.last_weights, self.patience.epoch) {
            (Some(_), Some(best)) => best,
            _ => self.position.epoch,
        }
    }

    pub(super) fn end_epoch(&mut self, evaluation: Option<Evaluation>) -> Result<EpochResult> {
        let lr = self.lr();
        self.step_schedule(evaluation.as_ref());
        self.position.epoch += 1;
        self.position.batch = 0;
        self.batches = None;
        let sums = std::mem::take(&mut self.sums);
        if let Some(evaluation) = &evaluation {
            let min_delta = self.spec.early_stopping.as_ref().map_or(0.0, |stopping| stopping.min_delta);
            if self.patience.improves(evaluation.loss, min_delta, self.position.epoch)
                && self.spec.keeps() == Keep::Best
            {
                self.best_weights = Some(self.model.state_dict()?);
            }
        }
        let (validation, test) = match self.validation {
            Some(_) => (evaluation, None),
            None => (None, evaluation),
        };
        let result = EpochResult {
            epoch: self.position.epoch,
            step: self.position.step,
            train_loss: sums.mean_loss(),
            train_accuracy: sums.accuracy(),
            lr,
            validation,
            test,
        };
        self.history.push(result.clone());
        self.forget_confusions();
        // The last good state now lies behind the epoch.
        self.good = None;
        Ok(result)
    }

    /// Steps a schedule by epoch. A plateau is stepped on one quantity: on the evaluations where there are any, as
    /// PyTorch's `scheduler.step(val_loss)` after each, else on the training loss of every epoch.
    fn step_schedule(&mut self, evaluation: Option<&Evaluation>) {
        let evaluates = self.evaluates();
        let Some(scheduler) = self.scheduler.as_mut().filter(|_| self.spec.schedule_by_epoch) else { return };
        let mode = match scheduler.schedule() {
            Schedule::Plateau(plateau) => plateau.mode,
            _ => return scheduler.step(&mut self.optimizer),
        };
        let metric = match (mode, evaluation) {
            (PlateauMode::Min, Some(evaluation)) => Some(evaluation.loss),
            (PlateauMode::Max, Some(evaluation)) => evaluation.accuracy,
            (_, None) if evaluates => return,
            (PlateauMode::Min, None) => Some(self.sums.mean_loss()),
            (PlateauMode::Max, None) => self.sums.accuracy(),
        };
        if let Some(metric) = metric {
            scheduler.step_with(&mut self.optimizer, metric);
        }
    }

    /// Returns `true` if there are samples to evaluate epochs on: a validation set, or a test set.
    pub(super) fn evaluates(&self) -> bool {
        self.validation.is_some() || !self.test.is_empty()
    }

    /// Returns the reason that the run is over; `None` while it is not.
    pub(super) fn ending(&self) -> Option<Ending> {
        if self.position.batch > 0 {
            return None;
        }
        let stops = self.spec.early_stopping.as_ref().is_some_and(|s| self.patience.since > s.patience);
        let over = (self.position.epoch >= self.spec.epochs).then_some(Ending::Finished);
        if stops { Some(Ending::StoppedEarly) } else { over }
    }

    /// Ends the run: takes up the weights that it keeps, and tests them if that was put off.
    pub(super) fn end(&mut self, ending: Ending) -> Result<()> {
        let was_best_before = self.patience.epoch.is_some_and(|epoch| epoch < self.position.epoch);
        if let Some(best) = self
            .best_weights
            .as_ref()
            .filter(|_| self.spec.keeps() == Keep::Best && was_best_before && self.last_weights.is_none())
        {
            self.last_weights = Some(self.model.state_dict()?);
            self.model.load_state_dict(best)?;
        }
        self.good = None;
        self.phase = match self.validation.is_some() && !self.test.is_empty() && self.tested.is_none() {
            true => Phase::Evaluating(Box::new(EvaluationPass::new(self.test.clone())?), Some(ending)),
            false => Phase::Ended(ending),
        };
        Ok(())
    }

    /// Takes up the weights of the last step again, for a run that was over and goes on.
    pub(super) fn reopen(&mut self) -> Result<()> {
        if let Some(last) = self.last_weights.take() {
            self.model.load_state_dict(&last)?;
        }
        self.tested = None;
        self.phase = Phase::Training;
        Ok(())
    }

    /// Drops the confusion matrices of all evaluations but the last and the best: they grow with the square of the
    /// classes.
    fn forget_confusions(&mut self) {
        let best = self.patience.epoch;
        let mut evaluated = self.history.iter_mut().rev().filter(|result| result.evaluation().is_some());
        evaluated.next();
        for result in evaluated.filter(|result| Some(result.epoch) != best) {
            if let Some(evaluation) = result.evaluation_mut() {
                evaluation.confusion = Vec::new();
            }
        }
    }
}

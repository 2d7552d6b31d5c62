//! End of an epoch and of a run: the best epoch, early stopping, and the final weights.

use std::rc::Rc;
use std::sync::Arc;

use super::check::check_same_kind;
use super::evaluate::EvaluationPass;
use super::trainer::Phase;
use super::{Ending, EpochResult, Evaluation, Keep, Trainer};
use crate::Result;
use crate::data::Dataset;
use crate::nn::Module;
use crate::optim::Schedule;
use crate::optim::schedule::PlateauMode;

impl Trainer {
    /// Sets the validation set, which determines the best epoch, early stopping and plateau
    /// schedules. The test set is then evaluated only once, at the end of the run.
    ///
    /// # Errors
    /// The samples have another shape or other classes than the training set.
    pub fn set_validation(&mut self, validation: Arc<dyn Dataset>) -> Result<()> {
        check_same_kind(self.train.dataset().as_ref(), validation.as_ref(), "validation")?;
        if validation.is_empty() {
            return Ok(());
        }
        let loader = self.spec.test_loader(&validation, &self.normalization, &self.device)?;
        let loader = loader.target_scale(self.target_scale);
        self.validation = Some(Rc::new(loader));
        Ok(())
    }

    /// Returns the result of the run's weights: on the test set after the end of the run, else the
    /// evaluation of their epoch.
    pub fn result(&self) -> Option<&Evaluation> {
        self.test_result.as_ref().or_else(|| {
            let epoch = self.weights_epoch();
            let ended = self.position.batch == 0 || self.last_weights.is_some();
            self.history
                .iter()
                .rev()
                .find(|result| result.epoch == epoch && ended)
                .and_then(|result| result.test.as_ref())
        })
    }

    /// Returns the epoch of the model's weights, from 1; 0 before the end of the first.
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
                && self.spec.final_weights() == Keep::Best
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
        self.drop_confusions();
        // The last valid state is now that of the epoch's end.
        self.last_valid = None;
        Ok(result)
    }

    /// Steps a schedule that counts epochs. A plateau schedule is stepped on evaluations if there
    /// are any, as PyTorch's `scheduler.step(val_loss)`, else on each epoch's training loss.
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

    /// Returns `true` if there is a validation or a test set.
    pub(super) fn evaluates(&self) -> bool {
        self.validation.is_some() || !self.test.is_empty()
    }

    /// Returns the reason for the end of the run; `None` before it.
    pub(super) fn ending(&self) -> Option<Ending> {
        if self.position.batch > 0 {
            return None;
        }
        let stops = self.spec.early_stopping.as_ref().is_some_and(|s| self.patience.since > s.patience);
        let over = (self.position.epoch >= self.spec.epochs).then_some(Ending::Finished);
        if stops { Some(Ending::StoppedEarly) } else { over }
    }

    /// Ends the run: loads the chosen weights, and evaluates them if that was deferred.
    pub(super) fn end(&mut self, ending: Ending) -> Result<()> {
        let was_best_before = self.patience.epoch.is_some_and(|epoch| epoch < self.position.epoch);
        if let Some(best) = self
            .best_weights
            .as_ref()
            .filter(|_| self.spec.final_weights() == Keep::Best && was_best_before && self.last_weights.is_none())
        {
            self.last_weights = Some(self.model.state_dict()?);
            self.model.load_state_dict(best)?;
        }
        self.last_valid = None;
        self.phase = match self.validation.is_some() && !self.test.is_empty() && self.test_result.is_none() {
            true => Phase::Evaluating(Box::new(EvaluationPass::new(self.test.clone())?), Some(ending)),
            false => Phase::Ended(ending),
        };
        Ok(())
    }

    /// Loads the weights of the last step, when a finished run resumes.
    pub(super) fn reopen(&mut self) -> Result<()> {
        if let Some(last) = self.last_weights.take() {
            self.model.load_state_dict(&last)?;
        }
        self.test_result = None;
        self.phase = Phase::Training;
        Ok(())
    }

    /// Drops all confusion matrices except the last and the best: their size is the square of the
    /// number of classes.
    fn drop_confusions(&mut self) {
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

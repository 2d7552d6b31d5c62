//! Results of the epochs, the best of them, and the weights that the run ends with. The part knows
//! no data.

use std::collections::BTreeMap;

use super::learner::Learner;
use crate::Result;
use crate::nn::StateDict;
use crate::train::progress::Patience;
use crate::train::{EarlyStopping, EpochResult, Evaluation, Position};

#[derive(Default)]
pub(super) struct Selector {
    history: Vec<EpochResult>,
    patience: Patience,
    /// Weights of the best epoch, if the run ends with them.
    best: Option<StateDict>,
    /// Weights after the last step, while the model has the best ones.
    last: Option<StateDict>,
    /// Result on the test set at the end of a run with a validation set.
    test: Option<Evaluation>,
}

impl Selector {
    /// Returns the results of the epochs so far.
    pub fn history(&self) -> &[EpochResult] {
        &self.history
    }

    /// Returns the best evaluation so far, and the number of evaluations since.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Returns the weights of the best epoch.
    pub fn best(&self) -> Option<&StateDict> {
        self.best.as_ref()
    }

    /// Continues with the results of a checkpoint.
    pub fn resume(&mut self, history: Vec<EpochResult>, best: Option<StateDict>) {
        (self.history, self.best) = (history, best);
    }

    /// Adds the result of an epoch. Returns `true` if its evaluation is the best so far.
    pub fn add(&mut self, result: EpochResult, stopping: Option<&EarlyStopping>) -> bool {
        let min_delta = stopping.map_or(0.0, |stopping| stopping.min_delta);
        let loss = result.evaluation().map(|evaluation| evaluation.loss);
        let improves = loss.is_some_and(|loss| self.patience.improves(loss, min_delta, result.epoch));
        self.history.push(result);
        self.drop_confusions();
        improves
    }

    /// Stores the learner's weights as those of the best epoch.
    pub fn store_best(&mut self, learner: &Learner) -> Result<()> {
        self.best = Some(learner.weights()?);
        Ok(())
    }

    /// Returns `true` if there were too many evaluations without improvement.
    pub fn is_out_of_patience(&self, stopping: &EarlyStopping) -> bool {
        self.patience.since > stopping.patience
    }

    /// Gives the learner the weights of the best epoch if a later one, `epoch`, was the last.
    pub fn choose_best(&mut self, learner: &Learner, epoch: usize) -> Result<()> {
        let was_before = self.patience.epoch.is_some_and(|best| best < epoch);
        match &self.best {
            Some(best) if was_before && self.last.is_none() => {
                self.last = Some(learner.weights()?);
                learner.load_weights(best)
            }
            _ => Ok(()),
        }
    }

    /// Gives the learner the weights of the last step again. Returns those it had instead.
    pub fn choose_last(&mut self, learner: &Learner) -> Result<Option<StateDict>> {
        let Some(last) = self.last.take() else { return Ok(None) };
        let chosen = learner.weights()?;
        learner.load_weights(&last)?;
        Ok(Some(chosen))
    }

    /// Gives the learner these weights instead of those of the last step.
    pub fn choose(&mut self, learner: &Learner, weights: &StateDict) -> Result<()> {
        self.last = Some(learner.weights()?);
        learner.load_weights(weights)
    }

    /// Returns the epoch of the learner's weights, from 1, after `epoch` epochs; 0 before the end
    /// of the first.
    pub fn weights_epoch(&self, epoch: usize) -> usize {
        self.patience.epoch.filter(|_| self.last.is_some()).unwrap_or(epoch)
    }

    /// Returns the result on the test set at the end of the run.
    pub fn test(&self) -> Option<&Evaluation> {
        self.test.as_ref()
    }

    pub fn set_test(&mut self, test: Option<Evaluation>) {
        self.test = test;
    }

    /// Returns the result of the learner's weights: on the test set after the end of the run, else
    /// the evaluation of their epoch.
    pub fn result(&self, position: Position) -> Option<&Evaluation> {
        let has_ended = position.batch == 0 || self.last.is_some();
        let of_epoch = || self.epoch(position).filter(|_| has_ended)?.test.as_ref();
        self.test.as_ref().or_else(of_epoch)
    }

    /// Returns the metrics of the epoch of the learner's weights.
    pub fn metrics(&self, position: Position) -> BTreeMap<String, f64> {
        let mut metrics = BTreeMap::new();
        let Some(last) = self.epoch(position) else { return metrics };
        metrics.insert("epochs".to_owned(), last.epoch as f64);
        metrics.insert("train_loss".to_owned(), last.train_loss);
        for (name, evaluation) in [("validation", last.validation.as_ref()), ("test", self.result(position))] {
            if let Some(evaluation) = evaluation {
                metrics.insert(format!("{name}_loss"), evaluation.loss);
                let measured = evaluation.metrics().into_iter();
                metrics.extend(measured.map(|(metric, value)| (format!("{name}_{metric}"), value)));
            }
        }
        metrics
    }

    /// Returns the result of the epoch of the learner's weights.
    fn epoch(&self, position: Position) -> Option<&EpochResult> {
        let epoch = self.weights_epoch(position.epoch);
        self.history.iter().rev().find(|result| result.epoch == epoch)
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

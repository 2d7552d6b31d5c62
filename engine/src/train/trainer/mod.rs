//! The training loop, one batch at a time: the caller (a program, a worker in the browser) decides
//! when to read results, save and stop. Losses stay on the device until they are read. Each part of
//! a run owns its state. The module knows no clock, no file and no screen.

mod files;
mod learner;
mod live;
mod loaders;
mod losses;
mod resume;
mod selector;
mod settings;
mod state;
mod trace;

use std::rc::Rc;
use std::sync::Arc;

use self::learner::Learner;
use self::loaders::{Loaders, scales};
use self::losses::{Losses, Pending};
use self::selector::Selector;
use self::settings::Settings;
use self::state::State;
use super::check::{check, check_batches, check_schedule, input_shape};
use super::evaluate::{EvaluationPass, count_correct};
use super::inspect::{InspectedStep, Inspector, StepDetails};
use super::metrics::{EpochResult, Evaluation, StepResult};
use super::progress::{Ending, Event, Position};
use super::{Keep, Model, ModelSpec, TrainSpec};
use crate::data::{DataLoader, Dataset, SplitRecord, TargetScale};
use crate::format::Normalization;
use crate::nn::observe;
use crate::{Device, Error, Result};

enum Phase {
    Training,
    /// An evaluation after an epoch, or of the test set at the end of the run, with the reason for
    /// the end.
    Evaluating(Box<EvaluationPass<Rc<DataLoader>>>, Option<Ending>),
    Ended(Ending),
}

/// A training run.
///
/// ```
/// use std::sync::Arc;
/// use kindling::data::Shapes;
/// use kindling::train::{Event, TrainSpec, Trainer};
/// use kindling::{Device, block_on};
/// # fn main() -> kindling::Result<()> { block_on(async {
/// let spec = TrainSpec { preset: Some("softmax".into()), epochs: 1, batch_size: 32, ..TrainSpec::default() };
/// let (train, test) = (Shapes::new(0).generate(64), Shapes::new(0).test().generate(32));
/// let mut trainer = Trainer::new(spec, Arc::new(train), Arc::new(test), &Device::cpu())?;
/// loop {
///     match trainer.next().await? {
///         Event::Epoch(epoch) => assert!(epoch.test.is_some_and(|test| test.samples() == 32)),
///         Event::Done(_) => break,
///         Event::Step(_) | Event::Test { .. } => {}
///     }
/// }
/// # Ok(()) }) }
/// ```
pub struct Trainer {
    settings: Settings,
    learner: Learner,
    loaders: Loaders,
    losses: Losses,
    selector: Selector,
    inspector: Inspector,
    position: Position,
    phase: Phase,
    /// State at the last readback, to trace the origin of a loss that is not finite.
    last_valid: Option<State>,
}

impl Trainer {
    /// Creates a run.
    ///
    /// # Errors
    /// The specification is invalid or does not match the data; or the device cannot run it.
    pub fn new(spec: TrainSpec, train: Arc<dyn Dataset>, test: Arc<dyn Dataset>, device: &Device) -> Result<Self> {
        check(&spec, train.as_ref(), test.as_ref())?;
        let model = spec.model_for(&input_shape(&spec, train.shape())?, train.outputs())?;
        let trainer = Self::with_model(spec, &model, None, train, test, device)?;
        check_schedule(trainer.spec(), 0, trainer.position.batches, trainer.position)?;
        Ok(trainer)
    }

    /// Creates a run of this model. Inputs and targets are scaled by the training set's statistics,
    /// unless others are given.
    fn with_model(
        spec: TrainSpec,
        model: &ModelSpec,
        known_scales: Option<(Normalization, TargetScale)>,
        train: Arc<dyn Dataset>,
        test: Arc<dyn Dataset>,
        device: &Device,
    ) -> Result<Self> {
        check_batches(&spec, model, train.len())?;
        let scales = known_scales.map_or_else(|| scales(&spec, train.as_ref()), Ok)?;
        let learner = Learner::new(&spec, model, device)?;
        let loaders = Loaders::new(&spec, scales, &train, &test, device)?;
        let position = Position { batches: loaders.train().len(), ..Position::default() };
        Ok(Self {
            settings: Settings::new(spec),
            learner,
            loaders,
            losses: Losses::default(),
            selector: Selector::default(),
            inspector: Inspector::default(),
            position,
            phase: Phase::Training,
            last_valid: None,
        })
    }

    /// Sets the validation set, which determines the best epoch, early stopping and plateau
    /// schedules. The test set is then evaluated only once, at the end of the run.
    ///
    /// # Errors
    /// The samples have another shape or other classes than the training set.
    pub fn set_validation(&mut self, validation: Arc<dyn Dataset>) -> Result<()> {
        self.loaders.set_validation(self.settings.spec(), &validation)
    }

    /// Records the method of the splits that the run was given.
    pub fn set_split(&mut self, split: SplitRecord) {
        self.loaders.set_split(Some(split));
    }

    /// Returns the run's specification.
    pub fn spec(&self) -> &TrainSpec {
        self.settings.spec()
    }

    /// Returns the model.
    pub fn model(&self) -> &Model {
        self.learner.model()
    }

    /// Returns the position of the run.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Returns the results of the epochs so far.
    pub fn history(&self) -> &[EpochResult] {
        self.selector.history()
    }

    /// Returns the result of the run's weights: on the test set after the end of the run, else the
    /// evaluation of their epoch.
    pub fn result(&self) -> Option<&Evaluation> {
        self.selector.result(self.position)
    }

    /// Returns the loader of the training set.
    pub fn train_loader(&self) -> &DataLoader {
        self.loaders.train()
    }

    /// Returns the loader of the test set.
    pub fn test_loader(&self) -> &DataLoader {
        self.loaders.test()
    }

    /// Returns the normalization of the inputs.
    pub fn normalization(&self) -> &Normalization {
        self.loaders.normalization()
    }

    /// Returns the learning rate of the next step, of the first parameter group.
    pub fn lr(&self) -> f64 {
        self.learner.lr()
    }

    /// Returns the device of the run.
    pub fn device(&self) -> &Device {
        self.loaders.device()
    }

    /// Returns the number of steps with unread losses.
    pub fn pending(&self) -> usize {
        self.losses.pending()
    }

    /// Executes the next unit of work: a training step, a batch of an evaluation, or the end of an
    /// epoch or the run. Steps are submitted without waiting for the device; [`Trainer::collect`]
    /// waits for them.
    ///
    /// # Errors
    /// A loss is not finite (the error names the step and the layer of its origin); the data cannot
    /// be read; or the device fails.
    pub async fn next(&mut self) -> Result<Event> {
        loop {
            match &mut self.phase {
                Phase::Ended(ending) => return Ok(Event::Done(*ending)),
                Phase::Evaluating(pass, _) => {
                    if pass.step(self.learner.model(), &self.settings.spec().loss).await? {
                        let (done, of) = pass.progress();
                        return Ok(Event::Test { done, of });
                    }
                    match std::mem::replace(&mut self.phase, Phase::Training) {
                        Phase::Evaluating(pass, None) => return Ok(Event::Epoch(self.end_epoch(Some(pass.result()))?)),
                        Phase::Evaluating(pass, Some(ending)) => {
                            self.selector.set_test(Some(pass.result()));
                            self.phase = Phase::Ended(ending);
                        }
                        _ => return Err(Error::internal("the phase of a run changed by itself")),
                    }
                }
                Phase::Training => {
                    if let Some(ending) = self.ending() {
                        self.end(ending)?;
                        continue;
                    }
                    if self.last_valid.is_none() {
                        self.last_valid = Some(self.state()?);
                    }
                    if self.step()? {
                        if self.losses.is_full() {
                            self.read().await?;
                        }
                        return Ok(Event::Step(self.position));
                    }
                    self.read().await?;
                    let epoch = self.position.epoch + 1;
                    let spec = self.settings.spec();
                    let due = epoch.is_multiple_of(spec.evaluate_every) || epoch >= spec.epochs;
                    // More test samples may still arrive.
                    let Some(loader) = self.loaders.compared().filter(|_| due) else {
                        return Ok(Event::Epoch(self.end_epoch(None)?));
                    };
                    self.phase = Phase::Evaluating(Box::new(EvaluationPass::new(loader.clone())?), None);
                }
            }
        }
    }

    /// Waits for the submitted steps, and returns all losses that were not returned yet, in order.
    ///
    /// # Errors
    /// As [`Trainer::next`].
    pub async fn collect(&mut self) -> Result<Vec<StepResult>> {
        self.read().await?;
        Ok(self.take_read())
    }

    /// Waits for the submitted steps; [`Trainer::take_read`] then returns their losses.
    ///
    /// # Errors
    /// As [`Trainer::next`].
    pub async fn settle(&mut self) -> Result<()> {
        self.read().await
    }

    /// Returns losses that were read but not returned yet, for example at the end of an epoch. It
    /// does not wait.
    pub fn take_read(&mut self) -> Vec<StepResult> {
        self.losses.take_read()
    }

    /// Returns the number of losses that were read but not returned yet.
    pub fn unread(&self) -> usize {
        self.losses.unreturned()
    }

    /// Requests the inspection of the next step; [`Trainer::take_step_details`] then returns it.
    pub fn inspect_next_step(&mut self) {
        self.inspector.request();
    }

    /// Returns the last inspected step, once; `None` if there was none since. It waits for the
    /// device.
    ///
    /// # Errors
    /// An error of the device.
    pub async fn take_step_details(&mut self) -> Result<Option<StepDetails>> {
        let Some(inspected) = self.inspector.take() else { return Ok(None) };
        inspected.details(self.learner.model(), self.loaders.device()).await.map(Some)
    }

    /// Trains on the next batch. Returns `false` at the end of the epoch.
    fn step(&mut self) -> Result<bool> {
        let Some((inputs, labels)) = self.loaders.next(self.position)? else { return Ok(false) };
        let Self { learner, position, .. } = self;
        let spec = self.settings.spec();
        let inspect = self.inspector.take_request();
        let (passed, layers) = match inspect {
            true => observe(|| learner.forward(&inputs, &labels, &spec.loss)),
            false => (learner.forward(&inputs, &labels, &spec.loss), Vec::new()),
        };
        let (loss, output) = passed?;
        let graph = inspect.then(|| learner.graph(&loss));
        learner.backward(&loss, spec.clip_grad_norm)?;
        // Tensors to be read later are recorded before the step executes them.
        let correct = count_correct(self.loaders.train().dataset().task(), &output, &labels)?;
        position.batch += 1;
        position.step += 1;
        self.losses.push(Pending { step: position.step, samples: labels.numel(), loss: loss.detach(), correct });
        if let Some(graph) = graph {
            let (step, tensors) = ((position.step, learner.lr()), [&inputs, &labels, &loss, &output]);
            self.inspector.store(InspectedStep::new(step, graph, learner.model(), layers, tensors)?);
        }
        drop((loss, output));
        learner.step()?;
        if !spec.schedule_by_epoch {
            learner.step_schedule();
        }
        Ok(true)
    }

    fn end_epoch(&mut self, evaluation: Option<Evaluation>) -> Result<EpochResult> {
        let (lr, spec) = (self.lr(), self.settings.spec());
        let sums = self.losses.end_epoch();
        if spec.schedule_by_epoch {
            self.learner.step_schedule_by_epoch(&sums, evaluation.as_ref(), self.loaders.compared().is_some());
        }
        self.position.epoch += 1;
        self.position.batch = 0;
        self.loaders.rewind();
        let (validation, test) = match self.loaders.has_validation() {
            true => (evaluation, None),
            false => (None, evaluation),
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
        if self.selector.add(result.clone(), spec.early_stopping.as_ref()) && spec.final_weights() == Keep::Best {
            self.selector.store_best(&self.learner)?;
        }
        // The last valid state is now that of the epoch's end.
        self.last_valid = None;
        Ok(result)
    }

    /// Returns the reason for the end of the run; `None` before it.
    fn ending(&self) -> Option<Ending> {
        let spec = self.settings.spec();
        if self.position.batch > 0 {
            return None;
        }
        let stops = spec.early_stopping.as_ref().is_some_and(|stopping| self.selector.is_out_of_patience(stopping));
        let over = (self.position.epoch >= spec.epochs).then_some(Ending::Finished);
        if stops { Some(Ending::StoppedEarly) } else { over }
    }

    /// Ends the run: loads the chosen weights, and evaluates them if that was deferred.
    fn end(&mut self, ending: Ending) -> Result<()> {
        if self.spec().final_weights() == Keep::Best {
            self.selector.choose_best(&self.learner, self.position.epoch)?;
        }
        self.last_valid = None;
        let untested = self.loaders.deferred().filter(|_| self.selector.test().is_none());
        self.phase = match untested {
            Some(test) => Phase::Evaluating(Box::new(EvaluationPass::new(test.clone())?), Some(ending)),
            None => Phase::Ended(ending),
        };
        Ok(())
    }

    /// Loads the weights of the last step, when a finished run resumes.
    fn reopen(&mut self) -> Result<()> {
        self.selector.choose_last(&self.learner)?;
        self.selector.set_test(None);
        self.phase = Phase::Training;
        Ok(())
    }

    async fn read(&mut self) -> Result<()> {
        if let Some(lost) = self.losses.read().await? {
            return Err(self.trace(lost).await);
        }
        self.last_valid = Some(self.state()?);
        Ok(())
    }
}

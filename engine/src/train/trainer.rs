//! The training loop, one batch at a time: the caller (a program, a worker in the browser) decides
//! when to read results, save and stop. Losses stay on the device until they are read. The module
//! knows no clock, no file and no screen.

use std::rc::Rc;
use std::sync::Arc;

use super::check::{check, check_batches, check_schedule, input_shape};
use super::evaluate::{EvaluationPass, count_correct};
use super::metrics::{EpochResult, Evaluation, StepResult, Sums};
use super::progress::{Ending, Event, Patience, Position};
use super::record::EarlierSettings;
use super::{Model, ModelSpec, TrainSpec};
use crate::data::{DataLoader, Dataset, Epoch, SplitRecord, TargetScale};
use crate::format::Normalization;
use crate::nn::{Module, StateDict, observe};
use crate::ops::Generator;
use crate::optim::{Optimizer, Scheduler, clip_grad_norm_};
use crate::{Device, Error, Result, Tensor, plan};

/// Maximum number of steps whose losses are unread; the next step reads them.
const MAX_PENDING: usize = 1024;

/// A submitted step whose loss is unread.
pub(super) struct Pending {
    pub step: u64,
    pub samples: usize,
    pub loss: Tensor,
    /// Number of correct predictions; `None` for regression.
    pub correct: Option<Tensor>,
}

pub(super) enum Phase {
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
    pub(super) spec: TrainSpec,
    pub(super) model: Model,
    pub(super) optimizer: Optimizer,
    pub(super) scheduler: Option<Scheduler>,
    pub(super) generator: Generator,
    pub(super) position: Position,
    pub(super) sums: Sums,
    pub(super) history: Vec<EpochResult>,
    pub(super) patience: Patience,
    pub(super) normalization: Normalization,
    pub(super) target_scale: TargetScale,
    pub(super) train: Rc<DataLoader>,
    pub(super) test: Rc<DataLoader>,
    /// Loader of the validation set, by which epochs are compared; the test set if `None`.
    pub(super) validation: Option<Rc<DataLoader>>,
    /// Weights of the best epoch, if the run ends with them.
    pub(super) best_weights: Option<StateDict>,
    /// Weights after the last step, while the model has the best ones.
    pub(super) last_weights: Option<StateDict>,
    /// Result on the test set at the end of a run with a validation set.
    pub(super) test_result: Option<Evaluation>,
    pub(super) earlier: Vec<EarlierSettings>,
    pub(super) split: Option<SplitRecord>,
    pub(super) device: Device,
    pub(super) batches: Option<Epoch<Rc<DataLoader>>>,
    pub(super) pending: Vec<Pending>,
    /// Results that were read, for [`Trainer::take_read`].
    results: Vec<StepResult>,
    /// State at the last readback, to trace the origin of a loss that is not finite.
    pub(super) last_valid: Option<super::state::State>,
    pub(super) phase: Phase,
    /// Requests the inspection of the next step, and its tensors.
    pub(super) inspect_next: bool,
    pub(super) inspected: Option<super::inspect::InspectedStep>,
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
        check_schedule(&trainer.spec, 0, trainer.position.batches, trainer.position)?;
        Ok(trainer)
    }

    /// Creates a run of this model. Inputs and targets are scaled by the training set's statistics,
    /// unless others are given.
    pub(super) fn with_model(
        spec: TrainSpec,
        model: &ModelSpec,
        scales: Option<(Normalization, TargetScale)>,
        train: Arc<dyn Dataset>,
        test: Arc<dyn Dataset>,
        device: &Device,
    ) -> Result<Self> {
        check_batches(&spec, model, train.len())?;
        let (normalization, target_scale) = match scales {
            Some(scales) => scales,
            None => (spec.normalization(train.as_ref())?, TargetScale::from_targets(train.as_ref())?),
        };
        let mut generator = Generator::new(spec.seed);
        let model = generator.scope(|| model.build(device))?;
        let mut optimizer = spec.optimizer.build(model.parameters())?;
        let scheduler = spec.schedule.clone().map(|schedule| Scheduler::new(schedule, &mut optimizer)).transpose()?;
        let train = Rc::new(spec.train_loader(&train, &normalization, device)?.target_scale(target_scale));
        let test = Rc::new(spec.test_loader(&test, &normalization, device)?.target_scale(target_scale));
        let position = Position { batches: train.len(), ..Position::default() };
        Ok(Self {
            spec,
            model,
            optimizer,
            scheduler,
            generator,
            position,
            sums: Sums::default(),
            history: Vec::new(),
            patience: Patience::default(),
            normalization,
            target_scale,
            train,
            test,
            validation: None,
            best_weights: None,
            last_weights: None,
            test_result: None,
            earlier: Vec::new(),
            split: None,
            device: device.clone(),
            batches: None,
            pending: Vec::new(),
            results: Vec::new(),
            last_valid: None,
            phase: Phase::Training,
            inspect_next: false,
            inspected: None,
        })
    }

    /// Returns the run's specification.
    pub fn spec(&self) -> &TrainSpec {
        &self.spec
    }

    /// Returns the model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Returns the position of the run.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Returns the results of the epochs so far.
    pub fn history(&self) -> &[EpochResult] {
        &self.history
    }

    /// Returns the loader of the training set.
    pub fn train_loader(&self) -> &DataLoader {
        &self.train
    }

    /// Returns the normalization of the inputs.
    pub fn normalization(&self) -> &Normalization {
        &self.normalization
    }

    /// Returns the learning rate of the next step, of the first parameter group.
    pub fn lr(&self) -> f64 {
        self.optimizer.lrs().first().copied().unwrap_or(0.0)
    }

    /// Returns the device of the run.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Returns the number of steps with unread losses.
    pub fn pending(&self) -> usize {
        self.pending.len()
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
                    if pass.step(&self.model, &self.spec.loss).await? {
                        let (done, of) = pass.progress();
                        return Ok(Event::Test { done, of });
                    }
                    match std::mem::replace(&mut self.phase, Phase::Training) {
                        Phase::Evaluating(pass, None) => return Ok(Event::Epoch(self.end_epoch(Some(pass.result()))?)),
                        Phase::Evaluating(pass, Some(ending)) => {
                            self.test_result = Some(pass.result());
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
                        if self.pending.len() >= MAX_PENDING {
                            self.read().await?;
                        }
                        return Ok(Event::Step(self.position));
                    }
                    self.read().await?;
                    let epoch = self.position.epoch + 1;
                    let due = epoch.is_multiple_of(self.spec.evaluate_every) || epoch >= self.spec.epochs;
                    // More test samples may still arrive.
                    if due && self.evaluates() {
                        let loader = self.validation.as_ref().unwrap_or(&self.test).clone();
                        self.phase = Phase::Evaluating(Box::new(EvaluationPass::new(loader)?), None);
                    } else {
                        return Ok(Event::Epoch(self.end_epoch(None)?));
                    }
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
        std::mem::take(&mut self.results)
    }

    /// Returns the number of losses that were read but not returned yet.
    pub fn unread(&self) -> usize {
        self.results.len()
    }

    /// Trains on the next batch. Returns `false` at the end of the epoch.
    pub(super) fn step(&mut self) -> Result<bool> {
        let batches = match &mut self.batches {
            Some(batches) => batches,
            none => none.insert(Epoch::over(self.train.clone(), self.position.epoch as u64, self.position.batch)?),
        };
        let Some(batch) = batches.next() else { return Ok(false) };
        let (inputs, labels) = batch?;
        let inspect = std::mem::take(&mut self.inspect_next);
        let (passed, layers) = match inspect {
            true => observe(|| self.forward(&inputs, &labels)),
            false => (self.forward(&inputs, &labels), Vec::new()),
        };
        let (loss, output) = passed?;
        let graph = inspect.then(|| self.graph_of(&loss));
        loss.backward()?;
        if let Some(norm) = self.spec.clip_grad_norm {
            clip_grad_norm_(&self.model.parameters(), norm, 2.0)?;
        }
        // Tensors to be read later are recorded before the step executes them.
        let correct = count_correct(self.train.dataset().task(), &output, &labels)?;
        self.position.batch += 1;
        self.position.step += 1;
        let samples = labels.numel();
        self.pending.push(Pending { step: self.position.step, samples, loss: loss.detach(), correct });
        if let Some(graph) = graph {
            let [inputs, labels, loss, output] = [&inputs, &labels, &loss, &output].map(Tensor::detach);
            self.inspected = Some(self.inspected_step(graph, layers, [inputs, labels, loss, output])?);
        }
        drop((loss, output));
        self.optimizer.step()?;
        if !self.spec.schedule_by_epoch
            && let Some(scheduler) = &mut self.scheduler
        {
            scheduler.step(&mut self.optimizer);
        }
        Ok(true)
    }

    /// Records the forward pass. Returns the loss of a batch and the model's outputs.
    pub(super) fn forward(&mut self, inputs: &Tensor, labels: &Tensor) -> Result<(Tensor, Tensor)> {
        let Self { model, optimizer, generator, spec, .. } = self;
        model.train(true);
        optimizer.zero_grad();
        generator.scope(|| {
            let output = model.forward(inputs)?;
            Ok((spec.loss.forward(&output, labels)?, output))
        })
    }

    pub(super) async fn read(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let tensors: Vec<&Tensor> =
            pending.iter().flat_map(|p| [Some(&p.loss), p.correct.as_ref()]).flatten().collect();
        let arrays = plan::read_many(&tensors).await?;
        let mut numbers = arrays.iter().map(|array| array.to_f64().first().copied().unwrap_or(f64::NAN));
        for Pending { step, samples, correct, .. } in &pending {
            let loss = numbers.next().unwrap_or(f64::NAN);
            let correct = correct.as_ref().and_then(|_| numbers.next());
            if !loss.is_finite() {
                return Err(self.trace(*step, loss).await);
            }
            self.sums.add(loss, correct, *samples);
            self.results.push(StepResult {
                step: *step,
                loss,
                accuracy: correct.map(|correct| correct / *samples as f64),
            });
        }
        self.last_valid = Some(self.state()?);
        Ok(())
    }

    /// Drops unread results; the next step begins from the current state.
    pub(super) fn reset_progress(&mut self) {
        self.batches = None;
        self.pending.clear();
        self.last_valid = None;
        self.phase = Phase::Training;
    }
}

//! The training loop, a batch at a time, so that whoever drives it (a program, a worker in the browser) decides when
//! to look at results, to save and to stop. Losses stay on the device until they are asked for. It knows no clock, no
//! file and no screen.

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

/// Losses that are kept on the device before they are read even if nobody asks.
const MOST_PENDING: usize = 1024;

/// A step whose loss has not been read.
pub(super) struct Pending {
    pub step: u64,
    pub samples: usize,
    pub loss: Tensor,
    /// Samples classified correctly; `None` for regression.
    pub correct: Option<Tensor>,
}

pub(super) enum Phase {
    Training,
    /// An evaluation after an epoch; at the end of the run, of its test set, with the reason for the end.
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
    /// The samples that epochs are compared by; the test set where there are none.
    pub(super) validation: Option<Rc<DataLoader>>,
    /// The weights of the best epoch, where they are kept.
    pub(super) best_weights: Option<StateDict>,
    /// The weights after the last step, while the model has the best.
    pub(super) last_weights: Option<StateDict>,
    /// The result on the test set at the end, where epochs are compared by a validation set.
    pub(super) tested: Option<Evaluation>,
    pub(super) earlier: Vec<EarlierSettings>,
    pub(super) split: Option<SplitRecord>,
    pub(super) device: Device,
    pub(super) batches: Option<Epoch<Rc<DataLoader>>>,
    pub(super) pending: Vec<Pending>,
    /// Results that were read and not given to anyone yet.
    unseen: Vec<StepResult>,
    /// What to go back to when a loss turns out not to be a number: the state at the last read.
    pub(super) good: Option<super::state::State>,
    pub(super) phase: Phase,
    /// Whether the next step is to be seen closely, and what was seen.
    pub(super) watch: bool,
    pub(super) watched: Option<super::closely::Watched>,
}

impl Trainer {
    /// A run from its beginning.
    ///
    /// # Errors
    /// A specification that makes no sense or does not fit the data; a device that cannot compute.
    pub fn new(spec: TrainSpec, train: Arc<dyn Dataset>, test: Arc<dyn Dataset>, device: &Device) -> Result<Self> {
        check(&spec, train.as_ref(), test.as_ref())?;
        let model = spec.model_for(&input_shape(&spec, train.shape())?, train.outputs())?;
        let trainer = Self::with_model(spec, &model, None, train, test, device)?;
        check_schedule(&trainer.spec, 0, trainer.position.batches, trainer.position)?;
        Ok(trainer)
    }

    /// A run from its beginning, of this model; inputs and targets are scaled by the training set's own numbers
    /// if no others are given.
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
            tested: None,
            earlier: Vec::new(),
            split: None,
            device: device.clone(),
            batches: None,
            pending: Vec::new(),
            unseen: Vec::new(),
            good: None,
            phase: Phase::Training,
            watch: false,
            watched: None,
        })
    }

    /// What the run was asked to be.
    pub fn spec(&self) -> &TrainSpec {
        &self.spec
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// How far the run has come.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The epochs so far.
    pub fn history(&self) -> &[EpochResult] {
        &self.history
    }

    /// What is trained on.
    pub fn train_loader(&self) -> &DataLoader {
        &self.train
    }

    /// What inputs look like to the model.
    pub fn normalization(&self) -> &Normalization {
        &self.normalization
    }

    /// The learning rate of the next step, of the first parameter group.
    pub fn lr(&self) -> f64 {
        self.optimizer.lrs().first().copied().unwrap_or(0.0)
    }

    /// The device it runs on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// How many steps have losses that were not read yet.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Does the next thing: learns from a batch, tests one, or ends an epoch or the run. Steps are handed to the
    /// device without waiting for it; call [`Trainer::collect`] now and then, which waits.
    ///
    /// # Errors
    /// A loss that is not a number, with the step and the layer in which that began; what the data or the device
    /// refuse.
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
                            self.tested = Some(pass.result());
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
                    if self.good.is_none() {
                        self.good = Some(self.state()?);
                    }
                    if self.step()? {
                        if self.pending.len() >= MOST_PENDING {
                            self.read().await?;
                        }
                        return Ok(Event::Step(self.position));
                    }
                    self.read().await?;
                    let epoch = self.position.epoch + 1;
                    let due = epoch.is_multiple_of(self.spec.evaluate_every) || epoch >= self.spec.epochs;
                    // Samples to test on may still be on their way.
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

    /// Waits for the steps that were handed over and gives the losses of all that were not given yet, in order.
    ///
    /// # Errors
    /// As [`Trainer::next`].
    pub async fn collect(&mut self) -> Result<Vec<StepResult>> {
        self.read().await?;
        Ok(self.take_read())
    }

    /// Waits for the steps that were handed over; [`Trainer::take_read`] then gives their losses.
    ///
    /// # Errors
    /// As [`Trainer::next`].
    pub async fn settle(&mut self) -> Result<()> {
        self.read().await
    }

    /// The losses that were read, at the end of an epoch for example, and not given yet. It does not wait.
    pub fn take_read(&mut self) -> Vec<StepResult> {
        std::mem::take(&mut self.unseen)
    }

    /// Returns the number of steps whose losses were read and not given yet.
    pub fn unread(&self) -> usize {
        self.unseen.len()
    }

    /// Learns from the next batch. Returns `false` at the end of the epoch.
    pub(super) fn step(&mut self) -> Result<bool> {
        let batches = match &mut self.batches {
            Some(batches) => batches,
            none => none.insert(Epoch::over(self.train.clone(), self.position.epoch as u64, self.position.batch)?),
        };
        let Some(batch) = batches.next() else { return Ok(false) };
        let (inputs, labels) = batch?;
        let watch = std::mem::take(&mut self.watch);
        let (passed, layers) = match watch {
            true => observe(|| self.forward(&inputs, &labels)),
            false => (self.forward(&inputs, &labels), Vec::new()),
        };
        let (loss, output) = passed?;
        let graph = watch.then(|| self.graph_of(&loss));
        loss.backward()?;
        if let Some(norm) = self.spec.clip_grad_norm {
            clip_grad_norm_(&self.model.parameters(), norm, 2.0)?;
        }
        // Everything that is to be read later is recorded before the step executes it.
        let correct = count_correct(self.train.dataset().task(), &output, &labels)?;
        self.position.batch += 1;
        self.position.step += 1;
        let samples = labels.numel();
        self.pending.push(Pending { step: self.position.step, samples, loss: loss.detach(), correct });
        if let Some(graph) = graph {
            let [inputs, labels, loss, output] = [&inputs, &labels, &loss, &output].map(Tensor::detach);
            self.watched = Some(self.watched_step(graph, layers, [inputs, labels, loss, output])?);
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

    /// The loss of a batch and the model's results, recorded for backward.
    pub(super) fn forward(&mut self, inputs: &Tensor, labels: &Tensor) -> Result<(Tensor, Tensor)> {
        let Self { model, optimizer, generator, spec, .. } = self;
        model.train(true);
        optimizer.zero_grad();
        generator.scope(|| {
            let output = model.forward(inputs)?;
            Ok((spec.loss.of(&output, labels)?, output))
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
            self.unseen.push(StepResult {
                step: *step,
                loss,
                accuracy: correct.map(|correct| correct / *samples as f64),
            });
        }
        self.good = Some(self.state()?);
        Ok(())
    }

    /// Forgets what was under way; the next step begins from the state as it is.
    pub(super) fn forget_progress(&mut self) {
        self.batches = None;
        self.pending.clear();
        self.good = None;
        self.phase = Phase::Training;
    }
}

//! The training loop, a batch at a time, so that whoever drives it (a program, a worker in the browser) decides when
//! to look at results, to save and to stop. Losses stay on the device until they are asked for. It knows no clock, no
//! file and no screen.

use std::rc::Rc;
use std::sync::Arc;

use super::evaluate::Testing;
use super::metrics::{EpochResult, Evaluation, StepResult, Sums};
use super::progress::{Ending, Event, Patience, Position};
use super::{Model, ModelSpec, TrainSpec};
use crate::data::transforms::Transform;
use crate::data::{DataLoader, Dataset, Epoch};
use crate::format::Normalization;
use crate::nn::{Module, observe};
use crate::ops::Generator;
use crate::optim::{Optimizer, Schedule, Scheduler, clip_grad_norm_};
use crate::{Device, Error, Result, Tensor, no_grad, plan};

/// Losses that are kept on the device before they are read even if nobody asks.
const MOST_PENDING: usize = 1024;

/// A step whose loss has not been read.
pub(super) struct Pending {
    pub step: u64,
    pub samples: usize,
    pub loss: Tensor,
    pub hits: Tensor,
}

pub(super) enum Phase {
    Training,
    Testing(Box<Testing<Rc<DataLoader>>>),
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
    pub(super) train: Rc<DataLoader>,
    pub(super) test: Rc<DataLoader>,
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
        let model = {
            let normalization = Normalization::default();
            let shape = input_shape(&spec, train.as_ref(), &normalization)?;
            spec.model_for(&shape, train.classes().len())?
        };
        Self::with_model(spec, &model, train, test, device)
    }

    /// A run from its beginning, of this model.
    pub(super) fn with_model(
        spec: TrainSpec,
        model: &ModelSpec,
        train: Arc<dyn Dataset>,
        test: Arc<dyn Dataset>,
        device: &Device,
    ) -> Result<Self> {
        spec.check()?;
        if train.is_empty() {
            return Err(Error::value("train", "there are no samples to train on"));
        }
        if train.shape() != test.shape() || train.classes() != test.classes() {
            let rule = format!(
                "training samples are {:?} of {} classes, test samples {:?} of {}",
                train.shape(),
                train.classes().len(),
                test.shape(),
                test.classes().len()
            );
            return Err(Error::shape("train", rule));
        }
        let normalization = spec.normalization(train.as_ref())?;
        let mut generator = Generator::new(spec.seed);
        let model = generator.scope(|| model.build(device))?;
        let mut optimizer = spec.optimizer.build(model.parameters())?;
        let scheduler = spec.schedule.clone().map(|schedule| Scheduler::new(schedule, &mut optimizer)).transpose()?;
        let train = Rc::new(spec.train_loader(&train, &normalization, device)?);
        let test = Rc::new(spec.test_loader(&test, &normalization, device)?);
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
            train,
            test,
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
                Phase::Testing(testing) => {
                    if testing.step(&self.model, &self.spec.loss).await? {
                        let (done, of) = testing.progress();
                        return Ok(Event::Test { done, of });
                    }
                    let Phase::Testing(testing) = std::mem::replace(&mut self.phase, Phase::Training) else {
                        return Err(Error::internal("the phase of a run changed by itself"));
                    };
                    return Ok(Event::Epoch(self.end_epoch(Some(testing.result()))));
                }
                Phase::Training if self.position.epoch >= self.spec.epochs => {
                    self.phase = Phase::Ended(Ending::Finished);
                }
                Phase::Training => {
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
                    if due && !self.test.is_empty() {
                        self.phase = Phase::Testing(Box::new(Testing::new(self.test.clone())?));
                    } else {
                        return Ok(Event::Epoch(self.end_epoch(None)));
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

    /// Learns from the next batch of the epoch; whether there was one.
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
        let hits = no_grad(|| output.detach().argmax(Some(1), false)?.eq(&labels)?.sum())?;
        self.position.batch += 1;
        self.position.step += 1;
        let samples = labels.numel();
        self.pending.push(Pending { step: self.position.step, samples, loss: loss.detach(), hits });
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
        let tensors: Vec<&Tensor> = pending.iter().flat_map(|p| [&p.loss, &p.hits]).collect();
        let arrays = plan::read_many(&tensors).await?;
        let number = |i: usize| arrays.get(i).and_then(|array| array.to_f64().first().copied()).unwrap_or(f64::NAN);
        for (i, Pending { step, samples, .. }) in pending.iter().enumerate() {
            let (loss, hits) = (number(2 * i), number(2 * i + 1));
            if !loss.is_finite() {
                return Err(self.trace(*step, loss).await);
            }
            self.sums.add(loss, hits, *samples);
            self.unseen.push(StepResult { step: *step, loss, accuracy: hits / *samples as f64 });
        }
        self.good = Some(self.state()?);
        Ok(())
    }

    fn end_epoch(&mut self, test: Option<Evaluation>) -> EpochResult {
        let lr = self.lr();
        if self.spec.schedule_by_epoch
            && let Some(scheduler) = &mut self.scheduler
        {
            let metric = test.as_ref().map_or(self.sums.mean_loss(), |test| test.loss);
            match scheduler.schedule() {
                Schedule::Plateau(_) => scheduler.step_with(&mut self.optimizer, metric),
                _ => scheduler.step(&mut self.optimizer),
            }
        }
        self.position.epoch += 1;
        self.position.batch = 0;
        self.batches = None;
        let sums = std::mem::take(&mut self.sums);
        if let (Some(test), Some(stopping)) = (&test, &self.spec.early_stopping) {
            match self.patience.best {
                Some(best) if test.loss >= best - stopping.min_delta => self.patience.since += 1,
                _ => self.patience = Patience { best: Some(test.loss), since: 0 },
            }
            if self.patience.since > stopping.patience {
                self.phase = Phase::Ended(Ending::StoppedEarly);
            }
        }
        let result = EpochResult {
            epoch: self.position.epoch,
            step: self.position.step,
            train_loss: sums.mean_loss(),
            train_accuracy: sums.accuracy(),
            lr,
            test,
        };
        self.history.push(result.clone());
        // What is good now lies behind the epoch.
        self.good = None;
        result
    }

    /// Forgets what was under way; the next step begins from the state as it is.
    pub(super) fn forget_progress(&mut self) {
        self.batches = None;
        self.pending.clear();
        self.good = None;
        self.phase = Phase::Training;
    }
}

/// The shape of what reaches the model.
fn input_shape(spec: &TrainSpec, train: &dyn Dataset, normalization: &Normalization) -> Result<Vec<usize>> {
    match *train.shape() {
        [channels, height, width] => {
            let transform = spec.train_transform(normalization)?;
            let [height, width] = transform.output([height, width])?;
            Ok(vec![channels, height, width])
        }
        ref other => Ok(other.to_vec()),
    }
}

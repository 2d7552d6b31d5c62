//! Evaluation of a model on a test set, one batch at a time.

use super::metrics::{Evaluation, RegressionSums, Sums};
use super::{LossSpec, Model};
use crate::data::{DataLoader, Epoch, TargetScale, Task};
use crate::nn::Module;
use crate::ops::{CrossEntropyOptions, Reduction};
use crate::{DType, Error, Result, Tensor, no_grad, read_many};

/// Number of batches whose results are read in one readback.
const READ_TOGETHER: usize = 8;

impl LossSpec {
    /// Returns the mean loss of a batch of outputs.
    ///
    /// # Errors
    /// Outputs and labels do not match.
    pub fn forward(&self, output: &Tensor, labels: &Tensor) -> Result<Tensor> {
        match self {
            Self::CrossEntropy { label_smoothing } => {
                let options = CrossEntropyOptions { label_smoothing: *label_smoothing, ..Default::default() };
                output.cross_entropy_with(labels, &options)
            }
            Self::Mse {} => output.mse_loss(&targets(output, labels)?, Reduction::Mean),
            Self::L1 {} => output.l1_loss(&targets(output, labels)?, Reduction::Mean),
            Self::SmoothL1 { beta } => output.smooth_l1_loss(&targets(output, labels)?, *beta, Reduction::Mean),
            Self::Huber { delta } => output.huber_loss(&targets(output, labels)?, *delta, Reduction::Mean),
        }
    }

    /// Checks that the loss is defined for the tasks of training and test set.
    pub(super) fn check_task(&self, train: Task, test: Task) -> Result<()> {
        let rule = match (train, test, self) {
            (Task::Regression, Task::Regression, Self::CrossEntropy { .. }) => {
                "cross_entropy compares classes, and the labels are a quantity: use mse, l1, smooth_l1 or huber"
            }
            (Task::Classification, Task::Classification, Self::L1 {} | Self::SmoothL1 { .. } | Self::Huber { .. }) => {
                "l1, smooth_l1 and huber compare quantities, and the labels are classes: use cross_entropy or mse"
            }
            (train, test, _) if train != test => "one of training and test set has classes, the other quantities",
            _ => return Ok(()),
        };
        Err(Error::value("train", rule))
    }
}

/// Counts the correctly classified samples of a batch; `None` for regression.
pub(super) fn count_correct(task: Task, output: &Tensor, labels: &Tensor) -> Result<Option<Tensor>> {
    match task {
        Task::Classification => no_grad(|| output.detach().argmax(Some(1), false)?.eq(labels)?.sum()).map(Some),
        Task::Regression => Ok(None),
    }
}

/// Returns the targets of outputs: one-hot classes, or a column of quantities.
fn targets(output: &Tensor, labels: &Tensor) -> Result<Tensor> {
    if labels.dtype() == DType::F32 {
        return labels.reshape(&[-1, 1]);
    }
    labels.one_hot(Some(output.size(-1)?))?.to_dtype(output.dtype())
}

/// An evaluation in progress.
pub(super) struct EvaluationPass<L: std::ops::Deref<Target = DataLoader>> {
    epoch: Epoch<L>,
    pending: Vec<[Tensor; 3]>,
    sums: Sums,
    confusion: Vec<Vec<u64>>,
    regression: Option<(RegressionSums, TargetScale)>,
}

impl<L: std::ops::Deref<Target = DataLoader>> EvaluationPass<L> {
    pub fn new(loader: L) -> Result<Self> {
        let classes = loader.dataset().classes().len();
        let regression = match loader.dataset().task() {
            Task::Classification => None,
            Task::Regression => Some((RegressionSums::default(), loader.scale_of_targets())),
        };
        let epoch = Epoch::over(loader, 0, 0)?;
        let confusion = vec![vec![0; classes]; classes];
        Ok(Self { epoch, pending: Vec::new(), sums: Sums::default(), confusion, regression })
    }

    /// Returns the number of evaluated batches, and of all.
    pub fn progress(&self) -> (usize, usize) {
        (self.epoch.position(), self.epoch.total())
    }

    /// Evaluates the next batch. Returns `false` if there was none.
    pub async fn step(&mut self, model: &Model, loss: &LossSpec) -> Result<bool> {
        let Some(batch) = self.epoch.next() else {
            self.read().await?;
            return Ok(false);
        };
        let (inputs, labels) = batch?;
        model.eval();
        let results = no_grad(|| {
            let output = model.forward(&inputs)?;
            let loss = loss.forward(&output, &labels)?;
            let predictions = match self.regression {
                None => output.argmax(Some(1), false)?.to_dtype(DType::I32)?,
                Some(_) => output,
            };
            Ok::<_, Error>([loss, predictions, labels])
        })?;
        results[0].device().flush()?;
        self.pending.push(results);
        if self.pending.len() >= READ_TOGETHER {
            self.read().await?;
        }
        Ok(true)
    }

    async fn read(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let tensors: Vec<&Tensor> = pending.iter().flatten().collect();
        for batch in read_many(&tensors).await?.chunks_exact(3) {
            let [loss, predictions, labels] = [0, 1, 2].map(|i| batch[i].to_f64());
            let pairs = predictions.iter().zip(&labels);
            let mut correct = None;
            if let Some((sums, _)) = &mut self.regression {
                pairs.for_each(|(prediction, target)| sums.add(*prediction, *target));
            } else {
                for (prediction, label) in pairs {
                    *correct.get_or_insert(0.0) += f64::from(u8::from(prediction == label));
                    let row = self.confusion.get_mut(*label as usize);
                    let cell = row.and_then(|row| row.get_mut(*prediction as usize));
                    *cell.ok_or_else(|| Error::internal("a class that the data does not have"))? += 1;
                }
            }
            self.sums.add(loss.first().copied().unwrap_or(f64::NAN), correct, labels.len());
        }
        Ok(())
    }

    pub fn result(self) -> Evaluation {
        Evaluation {
            loss: self.sums.mean_loss(),
            accuracy: self.sums.accuracy(),
            confusion: self.confusion,
            regression: self.regression.map(|(sums, scale)| sums.metrics(scale.std)),
        }
    }
}

/// Evaluates a model on a test set. Calls `progress` with the number of evaluated batches and of
/// all.
///
/// # Errors
/// The model does not accept the samples or has other classes; or the device fails.
pub async fn evaluate(
    model: &Model,
    loader: &DataLoader,
    loss: &LossSpec,
    mut progress: impl FnMut(usize, usize),
) -> Result<Evaluation> {
    let mut pass = EvaluationPass::new(loader)?;
    while pass.step(model, loss).await? {
        let (done, all) = pass.progress();
        progress(done, all);
    }
    Ok(pass.result())
}

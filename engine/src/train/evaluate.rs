//! How a model does on a test set, a batch at a time.

use super::metrics::{Evaluation, Sums};
use super::{LossSpec, Model};
use crate::data::{DataLoader, Epoch};
use crate::nn::Module;
use crate::ops::{CrossEntropyOptions, Reduction};
use crate::{DType, Error, Result, Tensor, no_grad, plan};

/// Batches whose results are read at once.
const READ_TOGETHER: usize = 8;

impl LossSpec {
    /// The mean loss of a batch of results.
    ///
    /// # Errors
    /// Results and labels that do not fit.
    pub fn of(&self, output: &Tensor, labels: &Tensor) -> Result<Tensor> {
        match self {
            Self::CrossEntropy { label_smoothing } => {
                let options = CrossEntropyOptions { label_smoothing: *label_smoothing, ..Default::default() };
                output.cross_entropy_with(labels, &options)
            }
            Self::Mse {} => {
                let classes = output.size(-1)?;
                output.mse_loss(&labels.one_hot(Some(classes))?.to_dtype(output.dtype())?, Reduction::Mean)
            }
        }
    }
}

/// An evaluation under way.
pub(super) struct EvaluationPass<L: std::ops::Deref<Target = DataLoader>> {
    epoch: Epoch<L>,
    pending: Vec<[Tensor; 3]>,
    sums: Sums,
    confusion: Vec<Vec<u64>>,
}

impl<L: std::ops::Deref<Target = DataLoader>> EvaluationPass<L> {
    pub fn new(loader: L) -> Result<Self> {
        let classes = loader.dataset().classes().len();
        let epoch = Epoch::over(loader, 0, 0)?;
        Ok(Self { epoch, pending: Vec::new(), sums: Sums::default(), confusion: vec![vec![0; classes]; classes] })
    }

    /// Batches evaluated, and batches in all.
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
            let loss = loss.of(&output, &labels)?;
            Ok::<_, Error>([loss, output.argmax(Some(1), false)?.to_dtype(DType::I32)?, labels])
        })?;
        plan::flush(&results[0].device())?;
        self.pending.push(results);
        if self.pending.len() >= READ_TOGETHER {
            self.read().await?;
        }
        Ok(true)
    }

    async fn read(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let tensors: Vec<&Tensor> = pending.iter().flatten().collect();
        for batch in plan::read_many(&tensors).await?.chunks_exact(3) {
            let [loss, predictions, labels] = [0, 1, 2].map(|i| batch[i].to_f64());
            let mut correct = 0.0;
            for (prediction, label) in predictions.iter().zip(&labels) {
                correct += f64::from(u8::from(prediction == label));
                let cell = self.confusion.get_mut(*label as usize).and_then(|row| row.get_mut(*prediction as usize));
                *cell.ok_or_else(|| Error::internal("a class that the data does not have"))? += 1;
            }
            self.sums.add(loss.first().copied().unwrap_or(f64::NAN), correct, labels.len());
        }
        Ok(())
    }

    pub fn result(self) -> Evaluation {
        Evaluation { loss: self.sums.mean_loss(), accuracy: self.sums.accuracy(), confusion: self.confusion }
    }
}

/// How a model does on a test set; `progress` is told the batches done and how many there are.
///
/// # Errors
/// A model that does not take these samples or give these classes; what went wrong on the device.
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

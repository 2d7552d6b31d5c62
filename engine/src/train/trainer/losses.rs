//! Losses of a run: those on the device that are to be read, those read and not yet returned, and
//! their sums in the epoch. The part knows no model.

use crate::train::StepResult;
use crate::train::metrics::Sums;
use crate::{Result, Tensor, read_many};

/// Maximum number of steps whose losses are unread; the next step reads them.
const MAX_PENDING: usize = 1024;

#[derive(Default)]
pub(super) struct Losses {
    pending: Vec<Pending>,
    results: Vec<StepResult>,
    sums: Sums,
}

/// A submitted step whose loss is unread.
pub(super) struct Pending {
    /// Index of the step, from 1.
    pub step: u64,
    /// Number of samples of its batch.
    pub samples: usize,
    /// Mean loss.
    pub loss: Tensor,
    /// Number of correct predictions; `None` for regression.
    pub correct: Option<Tensor>,
}

/// A loss that is infinite or NaN.
pub(super) struct NotFinite {
    pub step: u64,
    pub loss: f64,
}

impl Losses {
    pub fn push(&mut self, step: Pending) {
        self.pending.push(step);
    }

    /// Returns the number of steps with unread losses.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Returns `true` if they are to be read before the next step.
    pub fn is_full(&self) -> bool {
        self.pending.len() >= MAX_PENDING
    }

    /// Reads all losses up to the first that is not finite, which is returned.
    pub async fn read(&mut self) -> Result<Option<NotFinite>> {
        let pending = std::mem::take(&mut self.pending);
        let tensors: Vec<&Tensor> =
            pending.iter().flat_map(|p| [Some(&p.loss), p.correct.as_ref()]).flatten().collect();
        let arrays = read_many(&tensors).await?;
        let mut numbers = arrays.iter().map(|array| array.to_f64().first().copied().unwrap_or(f64::NAN));
        for Pending { step, samples, correct, .. } in &pending {
            let loss = numbers.next().unwrap_or(f64::NAN);
            let correct = correct.as_ref().and_then(|_| numbers.next());
            if !loss.is_finite() {
                return Ok(Some(NotFinite { step: *step, loss }));
            }
            self.sums.add(loss, correct, *samples);
            let accuracy = correct.map(|correct| correct / *samples as f64);
            self.results.push(StepResult { step: *step, loss, accuracy });
        }
        Ok(None)
    }

    /// Returns the losses that were read and not yet returned.
    pub fn take_read(&mut self) -> Vec<StepResult> {
        std::mem::take(&mut self.results)
    }

    /// Returns their number.
    pub fn unreturned(&self) -> usize {
        self.results.len()
    }

    /// Returns the sums of the losses that were read in the epoch.
    pub fn sums(&self) -> Sums {
        self.sums
    }

    /// Returns the sums of the epoch, and begins another.
    pub fn end_epoch(&mut self) -> Sums {
        std::mem::take(&mut self.sums)
    }

    /// Restores the sums and drops unread losses.
    pub fn restore(&mut self, sums: Sums) {
        self.sums = sums;
        self.pending.clear();
    }
}

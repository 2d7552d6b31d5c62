//! The log of a run: all its steps, for the files of its curves.

use kindling::train::StepResult;

/// A step in the log.
#[derive(Clone, Copy)]
pub struct LoggedStep {
    /// Loss and accuracy.
    pub result: StepResult,
    /// Learning rate.
    pub lr: f64,
    /// Time of the reading, in milliseconds since 1970.
    pub read_at: f64,
}

/// Steps in order.
#[derive(Clone, Default)]
pub struct Log(Vec<LoggedStep>);

impl Log {
    /// Returns the steps.
    pub fn steps(&self) -> &[LoggedStep] {
        &self.0
    }

    /// Appends steps that were read at a time.
    pub fn record(&mut self, results: &[StepResult], lr: f64, read_at: f64) {
        self.0.extend(results.iter().map(|result| LoggedStep { result: *result, lr, read_at }));
    }

    /// Drops the steps after this one: a run that resumes from a checkpoint repeats them.
    pub fn cut(&mut self, step: u64) {
        self.0.retain(|logged| logged.result.step <= step);
    }
}

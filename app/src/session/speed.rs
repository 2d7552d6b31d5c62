//! Recent speed of a run, and the profiles of its steps.

use super::page::Page;
use kindling::Device;
use kindling::train::Trainer;

/// Interval between profiles of a step, in milliseconds.
const PROFILE_INTERVAL_MS: f64 = 1000.0;

/// Recent speed of a run.
#[derive(Default)]
pub struct Speed {
    /// Samples per second.
    pub samples_per_second: f64,
    /// Milliseconds per step.
    pub ms_per_step: f64,
    /// Kernels per step.
    pub dispatches_per_step: f64,
    /// The device's count of kernels at the last reading.
    dispatches: u64,
    /// Time of the last profile.
    profiled_at: f64,
}

impl Speed {
    /// Counts kernels from here on.
    pub fn restart(&mut self, device: &Device) {
        self.dispatches = device.counters().dispatches;
    }

    /// Records steps that took `elapsed` milliseconds, 0 if unknown.
    pub fn record(&mut self, steps: usize, batch_size: usize, dispatches: u64, elapsed: f64) {
        if elapsed > 0.0 {
            let steps = steps as f64;
            // The first steps compile kernels, so recent steps have more weight.
            let blend = |old: f64, new: f64| if old == 0.0 { new } else { 0.7 * old + 0.3 * new };
            self.ms_per_step = blend(self.ms_per_step, elapsed / steps);
            let samples = steps * batch_size as f64;
            self.samples_per_second = blend(self.samples_per_second, samples / elapsed * 1e3);
            self.dispatches_per_step = dispatches.saturating_sub(self.dispatches) as f64 / steps;
        }
        self.dispatches = dispatches;
    }

    /// Profiles the next step if the interval has passed, or for a single step.
    pub fn profile_if_due(&mut self, trainer: &Trainer, is_single: bool, page: &Page) {
        let (now, position) = (page.now(), trainer.position());
        // At the ends of an epoch the next event may be a test batch.
        let is_step = position.batch > 0 && position.batch < position.batches;
        if is_single || is_step && now - self.profiled_at >= PROFILE_INTERVAL_MS {
            self.profiled_at = now;
            trainer.device().profile_next(page.host().clock());
        }
    }
}

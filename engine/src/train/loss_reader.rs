//! Interval between two readbacks of losses: short enough to follow the training, long enough to
//! keep the device busy.

/// Time between two readbacks of losses, in milliseconds.
pub const READ_INTERVAL_MS: f64 = 100.0;

/// Maximum number of steps between two readbacks.
const MAX_WINDOW: usize = 512;

/// Schedules the readback of losses: after about as many submitted steps as take
/// [`READ_INTERVAL_MS`]. It has no clock; the caller passes the time in milliseconds.
///
/// ```
/// use kindling::train::LossReader;
/// let mut reader = LossReader::new(0.0);
/// assert!(reader.is_due(1));
/// // The first step took 10 ms: twice as many are handed over the next time, and ten when that is known to be right.
/// assert_eq!(reader.read(1, 10.0), 10.0);
/// assert!(!reader.is_due(1) && reader.is_due(2));
/// ```
#[derive(Clone, Debug)]
pub struct LossReader {
    window: usize,
    read_at: f64,
}

impl LossReader {
    /// Creates a reader that starts with single steps.
    pub fn new(now: f64) -> Self {
        Self { window: 1, read_at: now }
    }

    /// Returns `true` if the losses of `pending` steps are to be read.
    pub fn is_due(&self, pending: usize) -> bool {
        pending >= self.window
    }

    /// Records that the losses of `steps` were read at `now`. Returns the duration of the steps, in
    /// milliseconds.
    pub fn read(&mut self, steps: usize, now: f64) -> f64 {
        let taken = (now - self.read_at).max(0.1);
        self.read_at = now;
        let fitting = (steps as f64 * READ_INTERVAL_MS / taken) as usize;
        self.window = fitting.clamp(1, 2 * self.window).min(MAX_WINDOW);
        taken
    }

    /// Restarts the measurement at `now`, after other work such as an evaluation.
    pub fn restart(&mut self, now: f64) {
        self.read_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::LossReader;

    #[test]
    fn the_window_follows_the_pace() {
        let (mut reader, mut now) = (LossReader::new(0.0), 0.0);
        let mut windows = Vec::new();
        // Steps of 4 ms, then of 50 ms.
        for step in [4.0; 8].into_iter().chain([50.0; 2]) {
            let steps = (1..).find(|steps| reader.is_due(*steps)).unwrap();
            windows.push(steps);
            now += step * steps as f64;
            assert!((reader.read(steps, now) - step * steps as f64).abs() < 1e-9);
        }
        assert_eq!(windows, [1, 2, 4, 8, 16, 25, 25, 25, 25, 2]);
        reader.restart(now + 1e6);
        reader.read(2, now + 1e6 + 1.0);
        assert!(reader.is_due(4) && !reader.is_due(3));
    }
}

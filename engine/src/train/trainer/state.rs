//! State of a run in memory, to which it can return.

use super::learner::LearnerState;
use super::{Phase, Trainer};
use crate::Result;
use crate::train::Position;
use crate::train::metrics::Sums;
use crate::train::progress::Patience;

/// State of a run between two steps.
pub(super) struct State {
    pub learner: LearnerState,
    pub position: Position,
    pub sums: Sums,
    pub patience: Patience,
}

impl Trainer {
    pub(super) fn state(&self) -> Result<State> {
        Ok(State {
            learner: self.learner.state()?,
            position: self.position,
            sums: self.losses.sums(),
            patience: self.selector.patience(),
        })
    }

    /// Restores a state: unread losses are dropped, the next step begins from it.
    pub(super) fn restore(&mut self, state: &State) -> Result<()> {
        self.learner.restore(&state.learner)?;
        self.position = state.position;
        self.losses.restore(state.sums);
        self.selector.set_patience(state.patience);
        self.loaders.rewind();
        self.last_valid = None;
        self.phase = Phase::Training;
        Ok(())
    }
}

//! The runs of a session: the current one, and one that waits for its data.

use super::data::{Data, Loaded};
use super::origin::Origin;
use super::page::Page;
use super::run::Run;
use crate::protocol::{LiveChange, RunId};
use std::rc::Rc;

/// A run that waits for data.
pub struct WaitingRun {
    /// Id of the run.
    pub id: RunId,
    /// Origin of the run.
    pub origin: Origin,
    /// True if training starts with the run.
    pub starts_training: bool,
}

/// The current run, and the run that waits for data.
pub struct Runs {
    page: Page,
    current: Option<Run>,
    waiting: Option<WaitingRun>,
}

impl Runs {
    /// Creates a state without runs.
    pub fn new(page: Page) -> Self {
        Self { page, current: None, waiting: None }
    }

    /// Returns the current run.
    pub fn current(&self) -> Option<&Run> {
        self.current.as_ref()
    }

    /// Returns the current run, to change it.
    pub fn current_mut(&mut self) -> Option<&mut Run> {
        self.current.as_mut()
    }

    fn of(&mut self, id: RunId) -> Option<&mut Run> {
        self.current.as_mut().filter(|run| run.id() == id)
    }

    /// Replaces the current run.
    pub fn replace(&mut self, run: Run) {
        self.current = Some(run);
    }

    /// Lets a run wait for data; it replaces the current run.
    pub fn wait(&mut self, id: RunId, origin: Origin) {
        self.current = None;
        self.waiting = Some(WaitingRun { id, origin, starts_training: false });
    }

    /// Reports that the waiting run cannot begin.
    pub fn refuse(&mut self, reason: &str) {
        if let Some(WaitingRun { id, .. }) = self.waiting.take() {
            self.page.fail(Some(id), format!("The run cannot begin: {reason}"));
        }
    }

    /// Takes the waiting run if its data has arrived, with the data.
    pub fn take_ready(&mut self, data: &Data) -> Option<(WaitingRun, Rc<Loaded>)> {
        let loaded = data.loaded()?;
        let is_ready = |waiting: &mut WaitingRun| match data.loading() {
            // The run is for the data being opened, not for the data loaded before.
            Some(load) => load == loaded.load && waiting.origin.min_samples() <= loaded.samples.train.len(),
            None => true,
        };
        Some((self.waiting.take_if(is_ready)?, loaded.clone()))
    }

    /// Trains a run, at once or when it begins.
    pub fn train(&mut self, id: RunId) {
        if let Some(waiting) = &mut self.waiting {
            waiting.starts_training = true;
        } else if let Some(run) = self.of(id) {
            run.train();
        }
    }

    /// Pauses a run; returns `true` if it was training, `None` if it is not the current one.
    pub fn pause(&mut self, id: RunId) -> Option<bool> {
        if let Some(waiting) = &mut self.waiting {
            waiting.starts_training = false;
        }
        self.of(id).map(Run::pause)
    }

    /// Requests a single step of a run.
    pub fn step(&mut self, id: RunId) {
        if let Some(run) = self.of(id) {
            run.step();
        }
    }

    /// Changes a setting of a run.
    pub fn change(&mut self, id: RunId, change: LiveChange) {
        if let Some(run) = self.of(id) {
            run.change(change);
        }
    }

    /// Continues the current run if it waits for data of which no more will arrive.
    pub fn release(&mut self, data: &Data) {
        if let Some(run) = &mut self.current {
            run.release(data);
        }
    }
}

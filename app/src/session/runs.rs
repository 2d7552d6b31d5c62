//! The runs of a session: the current one, one that waits for its data, and the one that was
//! replaced last.

use super::data::{Data, Loaded};
use super::log::Log;
use super::origin::Origin;
use super::page::Page;
use super::run::Run;
use crate::protocol::{LiveChange, RunId};
use kindling::format::ModelFile;
use std::rc::Rc;

/// A run that waits for data.
pub struct WaitingRun {
    /// Id of the run.
    pub id: RunId,
    /// Origin of the run.
    pub origin: Origin,
    /// Slot of its checkpoint in the browser's storage, which becomes this session's.
    pub slot: Option<String>,
    /// True if training starts with the run.
    pub starts_training: bool,
}

/// A run that was replaced: its last checkpoint, and its steps up to there.
struct Replaced {
    checkpoint: Rc<ModelFile>,
    log: Log,
}

/// The current run, the run that waits for data, and the replaced one.
pub struct Runs {
    page: Page,
    current: Option<Run>,
    waiting: Option<WaitingRun>,
    /// `None` once the current run has made steps and a checkpoint.
    replaced: Option<Replaced>,
}

impl Runs {
    /// Creates a state without runs.
    pub fn new(page: Page) -> Self {
        Self { page, current: None, waiting: None, replaced: None }
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

    /// Replaces the current run, of which the last checkpoint stays. If it is the replaced run that
    /// returns, it has its log again.
    pub fn replace(&mut self, mut run: Run) {
        let returns = |replaced: &&Replaced| run.saved().is_some_and(|file| Rc::ptr_eq(file, &replaced.checkpoint));
        if let Some(replaced) = self.replaced.as_ref().filter(returns) {
            run.restore_log(replaced.log.clone());
        }
        if let Some((checkpoint, log)) = self.current.replace(run).and_then(Run::into_saved) {
            self.replaced = Some(Replaced { checkpoint, log });
        }
    }

    /// Returns the last checkpoint of the run that was replaced.
    pub fn replaced(&self) -> Option<&Rc<ModelFile>> {
        self.replaced.as_ref().map(|replaced| &replaced.checkpoint)
    }

    /// Forgets the replaced run if the current one has made steps.
    pub fn settle(&mut self) {
        if self.current.as_ref().is_some_and(|run| !run.log().steps().is_empty()) {
            self.replaced = None;
        }
    }

    /// Lets a run wait for data. The current run stays, paused, until it is replaced.
    pub fn wait(&mut self, id: RunId, origin: Origin, slot: Option<String>) {
        self.waiting = Some(WaitingRun { id, origin, slot, starts_training: false });
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
        if let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.id == id) {
            waiting.starts_training = true;
        } else if let Some(run) = self.of(id) {
            run.train();
        }
    }

    /// Pauses a run; returns `true` if it was training, `None` if it is not the current one.
    pub fn pause(&mut self, id: RunId) -> Option<bool> {
        if let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.id == id) {
            waiting.starts_training = false;
        }
        self.of(id).map(Run::pause)
    }

    /// Pauses the current run for another; returns `true` if it has to be saved.
    pub fn pause_current(&mut self) -> bool {
        self.current.as_mut().is_some_and(Run::stop_for_other)
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

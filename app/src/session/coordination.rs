//! The work of several parts together: a run begins when its data has arrived, is saved as it
//! trains, and moves to another device when its own is lost.

use super::data::Change;
use super::device::OpenDevice;
use super::origin::{Origin, trainer};
use super::run::{Reached, Run};
use super::runs::WaitingRun;
use super::{Session, data};
use crate::protocol::{Begun, DataSource, FromWorker, ResumeFrom, RunId};
use kindling::Error;
use kindling::format::ModelFile;
use kindling::train::TrainSpec;
use std::rc::Rc;

impl Session {
    /// Opens data. Returns the number of the load if its pieces arrive later.
    pub(super) async fn open_data(&mut self, source: DataSource) -> Option<u32> {
        let change = self.data.open(source);
        self.follow(change).await;
        self.data.loading()
    }

    /// Cancels the load in progress.
    pub(super) async fn cancel_data(&mut self) {
        let change = self.data.cancel();
        self.follow(change).await;
    }

    /// Handles a piece of a data set. Returns `true` if more pieces are wanted.
    pub async fn arrived(&mut self, load: u32, arrival: data::Arrival) -> bool {
        let change = self.data.arrived(load, arrival).await;
        self.follow(change).await;
        self.data.loading() == Some(load)
    }

    /// Lets the runs that wait for data follow a change of it.
    async fn follow(&mut self, change: Change) {
        match change {
            Change::None => {}
            Change::Ready => self.begin_waiting().await,
            Change::Stopped(reason) => self.runs.refuse(&reason),
        }
        self.runs.release(&self.data);
    }

    /// Begins a run, or lets it wait for data. The current run is paused and saved; it is replaced
    /// once the new one is ready. `slot` is that of its checkpoint in the storage.
    pub(super) async fn begin(&mut self, id: RunId, origin: Origin, slot: Option<String>) {
        self.pause_current().await;
        self.runs.wait(id, origin, slot);
        if self.data.loading().is_none() && self.data.loaded().is_none() {
            self.runs.refuse("choose data first: there is none to train on");
        }
        self.begin_waiting().await;
    }

    /// Resumes a run from a checkpoint.
    pub(super) async fn resume(&mut self, id: RunId, from: ResumeFrom, bytes: &[u8]) {
        match self.checkpoint(&from, bytes).await {
            Ok(file) => {
                let slot = if let ResumeFrom::Slot(slot) = from { Some(slot) } else { None };
                self.begin(id, Origin::Checkpoint(file), slot).await;
            }
            Err(reason) => {
                self.pause_current().await;
                self.page.fail(Some(id), reason);
            }
        }
    }

    async fn pause_current(&mut self) {
        if self.runs.pause_current() {
            self.autosave().await;
        }
    }

    async fn checkpoint(&self, from: &ResumeFrom, bytes: &[u8]) -> Result<Rc<ModelFile>, String> {
        match from {
            ResumeFrom::File => ModelFile::from_bytes(bytes, "the checkpoint").map(Rc::new).map_err(|e| e.to_string()),
            ResumeFrom::Slot(slot) => {
                self.checkpoints.check_data(slot, &self.data).await?;
                self.checkpoints.load(slot).await.map(Rc::new)
            }
            ResumeFrom::Replaced => {
                self.runs.replaced().cloned().ok_or_else(|| "There is no earlier run to return to.".into())
            }
        }
    }

    /// Begins a run from the file opened last.
    pub(super) async fn use_file(&mut self, id: RunId, spec: TrainSpec) {
        let Some(file) = self.files.opened().cloned() else {
            self.pause_current().await;
            return self.page.fail(Some(id), "Open a model file first.".into());
        };
        let origin = if file.info.training.is_some() { Origin::Checkpoint(file) } else { Origin::Model(file, spec) };
        self.begin(id, origin, None).await;
    }

    /// Begins the waiting run, if its data has arrived.
    async fn begin_waiting(&mut self) {
        let Some((waiting, data)) = self.runs.take_ready(&self.data) else { return };
        let WaitingRun { id, mut origin, slot, starts_training } = waiting;
        if let Origin::New(spec) | Origin::Model(_, spec) = &mut origin {
            data.source.record(&data.info.kind, &mut spec.data);
        }
        let mut opened = self.devices.open().await;
        let mut made = trainer(&origin, &data, &opened);
        if let Err(error @ Error::Gpu(_)) = &made {
            opened = self.devices.reopen(Some(format!("The device was lost: {error}"))).await;
            made = trainer(&origin, &data, &opened);
        }
        let trainer = match made {
            Ok(trainer) => trainer,
            Err(error) => return self.page.fail(Some(id), error.to_string()),
        };
        let run = Run::new(self.page.clone(), id, data, trainer, origin.checkpoint().cloned());
        self.page.say(FromWorker::Begun(begun(&run, &opened)));
        self.runs.replace(run);
        if let Some(slot) = slot {
            self.checkpoints.use_slot(slot);
        }
        if !matches!(origin, Origin::New(_)) {
            // A later visit can resume from here.
            self.autosave().await;
        }
        if starts_training {
            self.runs.train(id);
        }
    }

    /// Pauses a run, which is saved.
    pub(super) async fn pause(&mut self, id: RunId) {
        let Some(was_training) = self.runs.pause(id) else { return };
        if was_training {
            self.autosave().await;
        }
        self.page.say(FromWorker::Paused { run: id });
    }

    /// Executes the run's next event: a step, a test batch, the end of an epoch.
    pub async fn advance(&mut self) {
        let Some(run) = self.runs.current_mut().filter(|run| run.is_busy()) else { return };
        let id = run.id();
        match run.advance().await {
            Ok(Reached::Step) => {}
            Ok(Reached::SingleStep) => {
                self.autosave().await;
                self.page.say(FromWorker::Paused { run: id });
            }
            Ok(Reached::EpochEnd) => {
                run.between_epochs(&self.data);
                self.autosave().await;
                self.runs.current_mut().into_iter().for_each(Run::restart_clock);
            }
            Err(error) => self.recover(error).await,
        }
        if self.runs.current().is_some_and(Run::is_autosave_due) {
            self.autosave().await;
        }
    }

    /// Stores a checkpoint of the run.
    async fn autosave(&mut self) {
        let Some(run) = self.runs.current_mut() else { return };
        match run.checkpoint().await {
            Ok(file) => {
                self.checkpoints.store(run, &file).await;
                self.runs.settle();
            }
            Err(error) => self.recover(error).await,
        }
    }

    /// Recovers from an error of the run: after a lost device it resumes from its last checkpoint
    /// on a reopened one, else it pauses.
    async fn recover(&mut self, error: Error) {
        let Some(run) = self.runs.current_mut() else { return };
        let Some(origin) = run.origin_after(&error) else { return run.stop_with(error.to_string()) };
        let opened = self.devices.reopen(Some(format!("The device was lost: {error}"))).await;
        let resumed = trainer(&origin, run.data(), &opened);
        match resumed {
            Ok(trainer) => run.resume_with(trainer, error.to_string()),
            Err(second) => run.stop_with(format!("{error}; and it cannot resume: {second}")),
        }
    }
}

/// Returns the message that a run has begun on a device.
fn begun(run: &Run, opened: &OpenDevice) -> Begun {
    let trainer = run.trainer();
    let position = trainer.position();
    Begun {
        run: run.id(),
        spec: run.spec(),
        parameters: trainer.model().spec().summary().parameters,
        batches: position.batches,
        device: opened.name.clone(),
        kind: opened.kind,
        resumed_at: (position.step > 0).then_some(position),
        history: trainer.history().to_vec(),
    }
}

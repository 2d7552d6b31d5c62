//! A session: executes the requests of the page with the engine. Each part owns its fields:
//! device, data, runs, checkpoints, inspection, files. [`Session`] routes requests to them, and
//! `coordination` has the work of several together. It knows no browser: [`Host`] is its
//! environment, so tests run whole sessions.

mod checkpoints;
mod coordination;
pub mod data;
mod device;
mod files;
mod host;
mod kernels;
mod log;
mod origin;
mod page;
mod run;
mod runs;
mod speed;
mod views;

pub use data::Arrival;
pub use device::{OpenDevice, open};
pub use host::{Host, LocalBoxFuture};
pub use kernels::TUNING_TIME_MS;

use crate::protocol::ToWorker;
use checkpoints::Checkpoints;
use data::Data;
use device::Devices;
use files::Files;
use origin::Origin;
use page::Page;
use run::Run;
use runs::Runs;
use std::rc::Rc;
use views::Inspector;

/// A session.
pub struct Session {
    page: Page,
    devices: Devices,
    data: Data,
    runs: Runs,
    checkpoints: Checkpoints,
    inspector: Inspector,
    files: Files,
}

impl Session {
    /// Creates a session without device, data or run.
    pub fn new(host: Rc<dyn Host>) -> Self {
        let page = Page::new(host);
        Self {
            devices: Devices::new(page.clone()),
            data: Data::new(page.clone()),
            runs: Runs::new(page.clone()),
            checkpoints: Checkpoints::new(page.clone()),
            inspector: Inspector::new(page.clone()),
            files: Files::new(page.clone()),
            page,
        }
    }

    /// Reports the checkpoints of closed tabs. Called first.
    pub async fn start(&self) {
        self.checkpoints.start().await;
    }

    /// Reports the checkpoint of a tab that has been closed since the start.
    pub async fn released(&self, lock: &str) {
        self.checkpoints.released(lock).await;
    }

    /// Returns `true` if a run is training or a step is requested: [`Session::advance`] has work.
    pub fn is_busy(&self) -> bool {
        self.runs.current().is_some_and(Run::is_busy)
    }

    /// Returns the number of the load in progress.
    pub fn loading(&self) -> Option<u32> {
        self.data.loading()
    }

    /// Executes a request of the page with its attached bytes. Requests for the browser alone (its
    /// hardware, its network) are the worker's. For [`ToWorker::OpenData`] returns the number of
    /// the load, whose pieces the caller must pass to [`Session::arrived`].
    pub async fn handle(&mut self, message: ToWorker, bytes: Vec<Vec<u8>>) -> Option<u32> {
        let bytes = bytes.into_iter().next().unwrap_or_default();
        let page = &self.page;
        match message {
            ToWorker::OpenData(source) => return self.open_data(source).await,
            ToWorker::CancelData => self.cancel_data().await,
            ToWorker::ShowSamples { augment, per_class, seed } => {
                page.report(self.data.show_samples(augment, per_class, seed).await);
            }
            ToWorker::UseDevice(choice) => self.devices.choose(choice).await,
            ToWorker::Measure => page.report(self.devices.measure().await),
            ToWorker::LoseDevice => self.devices.lose(),
            ToWorker::Begin { run, spec } => self.begin(run, Origin::New(spec), None).await,
            ToWorker::Resume { run, from } => self.resume(run, from, &bytes).await,
            ToWorker::UseFile { run, spec } => self.use_file(run, spec).await,
            ToWorker::Train(run) => self.runs.train(run),
            ToWorker::Pause(run) => self.pause(run).await,
            ToWorker::Step(run) => self.runs.step(run),
            ToWorker::Change { run, change } => self.runs.change(run, change),
            ToWorker::Inspect(inspection) => {
                page.report(self.inspector.inspect(self.runs.current_mut(), inspection).await);
            }
            ToWorker::Classify { width, height } => {
                page.report(self.inspector.classify(self.runs.current(), [width, height], &bytes).await);
            }
            ToWorker::Save(kind) => page.report(self.files.save(self.runs.current_mut(), kind).await),
            ToWorker::OpenFile { name } => {
                page.report(self.files.open(&name, &bytes, self.data.loaded().map(Rc::as_ref)));
            }
            ToWorker::DeleteCheckpoint { slot } => self.checkpoints.delete(&slot).await,
            ToWorker::ProbeHardware | ToWorker::Bench { .. } | ToWorker::Crash => {}
        }
        None
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

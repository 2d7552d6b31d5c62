//! A session: executes the requests of the page with the engine. It owns the device, the data and
//! the run, executes one request at a time, and reports each result. It knows no browser: [`Host`]
//! is its environment, so tests run whole sessions.

mod autosave;
pub mod data;
mod device;
mod files;
mod host;
mod images;
mod inspection;
mod kernels;
mod origin;
mod pixels;
mod run;

pub use data::Arrival;
pub use device::open;
pub use host::{Host, LocalBoxFuture};
pub use kernels::TUNING_TIME_MS;

use crate::protocol::{DeviceChoice, DeviceKind, FromWorker, Inspection, RunId, ToWorker};
use kindling::format::ModelFile;
use kindling::{Device, Error};
use std::rc::Rc;

/// A session.
pub struct Session {
    host: Rc<dyn Host>,
    choice: DeviceChoice,
    device: Option<OpenDevice>,
    loads: u32,
    loaded: Option<data::Loaded>,
    incoming: Option<data::Incoming>,
    waiting: Option<origin::WaitingRun>,
    run: Option<run::Run>,
    opened_file: Option<(String, Rc<ModelFile>)>,
    user_image: Option<images::UserImage>,
    /// Slot of the run's automatic checkpoints.
    slot: Option<String>,
    /// True once the page was told that the storage fails.
    storage_failure_sent: bool,
}

/// An open device.
#[derive(Clone)]
pub struct OpenDevice {
    /// The device.
    pub device: Device,
    /// Name of the device.
    pub name: String,
    kind: DeviceKind,
}

impl Session {
    /// Creates a session without device, data or run.
    pub fn new(host: Rc<dyn Host>) -> Self {
        Self {
            host,
            choice: DeviceChoice::Best,
            device: None,
            loads: 0,
            loaded: None,
            incoming: None,
            waiting: None,
            run: None,
            opened_file: None,
            user_image: None,
            slot: None,
            storage_failure_sent: false,
        }
    }

    /// Returns `true` if a run is training or a step is requested: [`Session::advance`] has work.
    pub fn is_busy(&self) -> bool {
        self.run.as_ref().is_some_and(run::Run::is_busy)
    }

    /// Executes a request of the page with its attached bytes. Requests for the browser alone (its
    /// hardware, its network) are the worker's. For [`ToWorker::OpenData`] returns the number of
    /// the load, whose pieces the caller must pass to [`Session::arrived`].
    pub async fn handle(&mut self, message: ToWorker, bytes: Vec<Vec<u8>>) -> Option<u32> {
        let mut bytes = bytes.into_iter();
        let first = bytes.next().unwrap_or_default();
        match message {
            ToWorker::OpenData(source) => return self.open_data(source).await,
            ToWorker::CancelData => self.cancel_data(),
            ToWorker::UseDevice(choice) => self.use_device(choice).await,
            ToWorker::ShowSamples { augment, per_class, seed } => {
                let result = self.samples(augment, per_class, seed).await;
                self.report(result);
            }
            ToWorker::Begin { run, spec } => self.begin(run, origin::Origin::New(spec)).await,
            ToWorker::Resume { run, from } => self.resume(run, from, &first).await,
            ToWorker::UseFile { run, spec } => self.use_file(run, spec).await,
            ToWorker::Train(run) => self.train(run),
            ToWorker::Pause(run) => self.pause(run).await,
            ToWorker::Step(run) => self.step(run),
            ToWorker::Change { run, change } => self.change(run, change),
            ToWorker::Inspect(inspection) => self.inspect(inspection).await,
            ToWorker::Classify { width, height } => {
                let result = self.classify(width, height, &first).await;
                self.report(result);
            }
            ToWorker::Save(kind) => {
                let result = self.save(kind).await;
                self.report(result);
            }
            ToWorker::OpenFile { name } => self.open_file(name, &first),
            ToWorker::DeleteCheckpoint { slot } => self.delete_checkpoint(&slot).await,
            ToWorker::Measure => {
                let result = self.measure().await;
                self.report(result);
            }
            ToWorker::LoseDevice => self.lose_device(),
            ToWorker::ProbeHardware | ToWorker::Bench { .. } | ToWorker::Crash => {}
        }
        None
    }

    async fn inspect(&mut self, inspection: Inspection) {
        let result = match inspection {
            Inspection::Predictions { split, first, count, order, cell } => {
                self.predictions(split, [first, count], order, cell).await
            }
            Inspection::Confusion => self.confusion().await,
            Inspection::Filters { layer } => self.filters(layer).await,
            Inspection::Activations { image } => self.activations(image).await,
            Inspection::Histograms => self.histograms().await,
            Inspection::Graph => self.graph().await,
            Inspection::Profile => self.profile().await,
        };
        self.report(result);
    }

    /// Reports an error to the page; the run is unchanged.
    fn report(&self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.fail(None, error.to_string());
        }
    }

    fn fail(&self, run: Option<RunId>, reason: String) {
        self.say(FromWorker::Failed { run, reason });
    }

    fn say(&self, message: FromWorker) {
        self.say_with(message, Vec::new());
    }

    fn say_with(&self, message: FromWorker, bulk: Vec<Vec<u8>>) {
        self.host.send(message, bulk);
    }

    fn now(&self) -> f64 {
        self.host.now()
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

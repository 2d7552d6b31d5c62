//! A session: what the page asks for, done by the engine. It holds the device, the data and the run, does one thing at a
//! time, and tells of everything it does. It knows no browser: [`Outside`] is its world, so tests run whole sessions.

mod begin;
pub mod data;
mod device;
mod files;
mod keep;
mod kernels;
mod look;
mod outside;
mod pictures;
mod pixels;
mod run;

pub use data::Arrival;
pub use device::open;
pub use kernels::MEASURING;
pub use outside::{Later, Outside};

use crate::protocol::{DeviceChoice, DeviceKind, FromWorker, Look, RunId, ToWorker};
use kindling::format::ModelFile;
use kindling::{Device, Error};
use std::rc::Rc;

/// A session.
pub struct Session {
    outside: Rc<dyn Outside>,
    choice: DeviceChoice,
    device: Option<Opened>,
    loads: u32,
    loaded: Option<data::Loaded>,
    incoming: Option<data::Incoming>,
    waiting: Option<begin::Waiting>,
    run: Option<run::Run>,
    inspected: Option<(String, Rc<ModelFile>)>,
    own: Option<pictures::Own>,
    /// Whether the page knows that nothing can be kept.
    told_not_stored: bool,
}

/// A device that was opened.
#[derive(Clone)]
pub struct Opened {
    /// The device.
    pub device: Device,
    /// What it is called.
    pub name: String,
    kind: DeviceKind,
}

impl Session {
    /// A session that has done nothing yet.
    pub fn new(outside: Rc<dyn Outside>) -> Self {
        Self {
            outside,
            choice: DeviceChoice::Best,
            device: None,
            loads: 0,
            loaded: None,
            incoming: None,
            waiting: None,
            run: None,
            inspected: None,
            own: None,
            told_not_stored: false,
        }
    }

    /// Whether a run is going, or a single step is wanted: [`Session::advance`] has something to do.
    pub fn is_busy(&self) -> bool {
        self.run.as_ref().is_some_and(run::Run::is_busy)
    }

    /// Does what the page asks; `bytes` stood beside its message. What concerns the browser alone (its hardware, its
    /// network) is not asked here; of [`ToWorker::OpenData`] it gives the number of the opening that somebody must
    /// supply with [`Session::arrived`].
    pub async fn handle(&mut self, message: ToWorker, bytes: Vec<Vec<u8>>) -> Option<u32> {
        let mut bytes = bytes.into_iter();
        let first = bytes.next().unwrap_or_default();
        match message {
            ToWorker::OpenData(source) => return self.open_data(source).await,
            ToWorker::CancelData => self.cancel_data(),
            ToWorker::UseDevice(choice) => self.use_device(choice).await,
            ToWorker::ShowSamples { augment, per_class, seed } => {
                let done = self.samples(augment, per_class, seed).await;
                self.answer(done);
            }
            ToWorker::Begin { run, spec } => self.begin(run, begin::How::New(spec)).await,
            ToWorker::Resume { run, from } => self.resume(run, from, &first).await,
            ToWorker::UseInspected { run, spec } => self.use_inspected(run, spec).await,
            ToWorker::Go(run) => self.go(run),
            ToWorker::Pause(run) => self.pause(run).await,
            ToWorker::Step(run) => self.step(run),
            ToWorker::Change { run, change } => self.change(run, change),
            ToWorker::Look(look) => self.look_inside(look).await,
            ToWorker::Classify { width, height } => {
                let done = self.classify(width, height, &first).await;
                self.answer(done);
            }
            ToWorker::Save(kind) => {
                let done = self.save(kind).await;
                self.answer(done);
            }
            ToWorker::Inspect { name } => self.inspect(name, &first),
            ToWorker::ForgetCheckpoint => self.forget().await,
            ToWorker::Measure => {
                let done = self.measure().await;
                self.answer(done);
            }
            ToWorker::LoseDevice => self.lose_device(),
            ToWorker::ProbeHardware | ToWorker::Bench { .. } | ToWorker::Crash => {}
        }
        None
    }

    async fn look_inside(&mut self, look: Look) {
        let done = match look {
            Look::Predictions { split, first, count, order, cell } => {
                self.predictions(split, [first, count], order, cell).await
            }
            Look::Confusion => self.confusion().await,
            Look::Filters { layer } => self.filters(layer).await,
            Look::Activations { picture } => self.activations(picture).await,
            Look::Histograms => self.histograms().await,
            Look::Graph => self.graph().await,
            Look::Profile => self.profile().await,
        };
        self.answer(done);
    }

    /// Tells the page if something could not be done; the run is untouched.
    fn answer(&self, done: Result<(), Error>) {
        if let Err(error) = done {
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
        self.outside.say(message, bulk);
    }

    fn now(&self) -> f64 {
        self.outside.now()
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

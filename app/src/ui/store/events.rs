//! What the worker says, and what becomes of it. Every message has its arm.

use super::{Found, Opened, Phase, Status, Store, View};
use crate::link::Event;
use crate::protocol::{ActivationsView, FromWorker, ToWorker};
use crate::ui::browser::{self, Pixels};
use crate::ui::numbers;
use js_sys::Uint8Array;
use kindling::train::{Ending, EpochResult};
use leptos::prelude::*;

impl Store {
    pub(super) fn hear(&self, event: Event) {
        match event {
            Event::Message(message, bulk) => self.message(*message, &bulk),
            Event::Restarted(reason) => {
                self.tell(true, format!("The engine stopped ({reason}) and has been started again; the run goes on."));
            }
            Event::Failed(reason) => self.status.set(Status::Failed(reason)),
        }
    }

    fn message(&self, message: FromWorker, bulk: &[Uint8Array]) {
        let pixels = |size| Pixels::new(size, bulk.first());
        match message {
            FromWorker::Ready => {}
            FromWorker::Hardware(hardware) => self.status.set(Status::Known(hardware)),
            FromWorker::DeviceOpened { name, kind, note } => {
                self.device.set(Some(Opened { name, kind }));
                // What was chosen for this one is told next, if there is any.
                self.kernels.set(Vec::new());
                if let Some(note) = note {
                    self.tell(false, note);
                }
            }
            FromWorker::DataProgress(progress) => self.loading.set(Some(progress)),
            FromWorker::DataReady(info) => {
                if info.complete {
                    self.loading.set(None);
                }
                self.draft.data_changed(&info);
                self.data.set(Some(info));
            }
            FromWorker::DataFailed { reason } => {
                self.loading.set(None);
                self.data_failed.set(Some(reason));
            }
            FromWorker::DataCancelled => self.loading.set(None),
            FromWorker::Samples(samples) => self.samples.set(Some((samples.clone(), pixels(samples.size)))),
            FromWorker::Begun(begun) => {
                if self.run.is(begun.run) {
                    self.inside.forget();
                    let data = self.data.with_untracked(|data| data.as_ref().map(|data| data.name.clone()));
                    self.run.begins(begun, data.unwrap_or_default());
                    if let Some(then) = self.then.try_update(Option::take).flatten() {
                        self.follow(then);
                    }
                }
            }
            FromWorker::Progress(progress) => {
                if self.run.is(progress.run) {
                    self.run.progress(progress);
                }
            }
            FromWorker::Testing { run, done, of } => {
                if self.run.is(run) {
                    self.run.testing.set(Some((done, of)));
                }
            }
            FromWorker::Epoch { run, result } => {
                if self.run.is(run) {
                    self.spoken.set(spoken(&result));
                    self.run.epoch_ends(result);
                    self.look();
                }
            }
            FromWorker::Paused { run } => {
                if self.run.is(run) {
                    self.run.phase.set(Phase::Paused);
                    self.run.stands_still();
                    self.look();
                }
            }
            FromWorker::Going { run } => {
                if self.run.is(run) {
                    self.run.phase.set(Phase::Going);
                    self.spoken.set("Training.".into());
                }
            }
            FromWorker::Ended { run, ending, test } => {
                if self.run.is(run) {
                    self.run.phase.set(Phase::Ended(ending));
                    self.run.stands_still();
                    self.spoken.set(match ending {
                        Ending::Finished => "Training has finished.".into(),
                        Ending::StoppedEarly => "Training stopped early: the loss no longer falls.".into(),
                    });
                    if let Some(test) = test {
                        let metrics = format!("{}{}", numbers::figure(test.loss), numbers::result(&test));
                        self.tell(false, format!("On the test split: loss {metrics}."));
                    }
                    self.look();
                }
            }
            FromWorker::Stepped { run, step } => {
                if self.run.is(run) {
                    self.run.phase.set(Phase::Paused);
                    let pixels = pixels(step.size);
                    self.run.step.set(Some((step, pixels)));
                    self.inside.view.set(View::Step);
                }
            }
            FromWorker::Changed { run, spec, lr, next_epoch } => {
                if self.run.is(run) {
                    self.run.spec.set(Some(spec));
                    self.run.pace.update(|pace| pace.lr = lr);
                    if next_epoch {
                        self.spoken.set("The change holds from the next epoch on.".into());
                    }
                }
            }
            FromWorker::Predictions(view) => {
                let pixels = pixels(view.size);
                self.inside.predictions.set(Some((view, pixels)));
            }
            FromWorker::Confusion(view) => self.inside.confusion.set(Some(view)),
            FromWorker::Filters(view) => {
                let pixels = pixels(view.size);
                self.inside.filters.set(Some((view, pixels)));
            }
            FromWorker::Activations(view) => self.activations(view, bulk),
            FromWorker::Histograms(view) => self.inside.histograms.set(Some(view)),
            FromWorker::Graph(view) => self.inside.graph.set(Some(view)),
            FromWorker::Profile(view) => self.inside.profile.set(Some(view)),
            FromWorker::Classified(view) => {
                let pixels = pixels(view.size);
                self.inside.classified.set(Some((view, pixels)));
            }
            FromWorker::File { kind: _, name } => self.file(&name, bulk.first()),
            FromWorker::Inspected(summary) => self.inspected.set(Some(*summary)),
            FromWorker::Checkpointed { run: _, step: _ } => self.found.set(None),
            FromWorker::CheckpointFound { spec, data, name, step, epoch, saved_at } => {
                if self.run.phase.get_untracked() == Phase::None {
                    self.found.set(Some(Found { spec, data, name, step, epoch, saved_at }));
                }
            }
            FromWorker::NotStored { reason } => self.tell(false, reason),
            FromWorker::Recovered { run, reason, step } => {
                if self.run.is(run) {
                    self.run.goes_back(step);
                    let step = numbers::whole(step);
                    self.tell(false, format!("{reason} The run goes on from step {step}."));
                }
            }
            FromWorker::Measured { figures } => self.measured.set(Some(figures)),
            FromWorker::Kernels { choices } => self.kernels.set(choices),
            // Only `bench.html` asks for it.
            FromWorker::Benched(_) => {}
            FromWorker::Failed { run, reason } => self.failed(run, reason),
            // The link starts another worker and says so.
            FromWorker::Crashed { reason: _ } => {}
            FromWorker::NotUnderstood { reason } => {
                self.tell(true, format!("Page and engine are of different versions; reload the page ({reason})."));
            }
        }
    }

    fn activations(&self, view: ActivationsView, bulk: &[Uint8Array]) {
        let picture = Pixels::new(view.size, bulk.first());
        let layers = view.layers.iter().enumerate();
        let layers = layers.map(|(i, layer)| Pixels::new(layer.size, bulk.get(i + 1))).collect();
        self.inside.activations.set(Some((view, picture, layers)));
    }

    fn file(&self, name: &str, bytes: Option<&Uint8Array>) {
        let Some(bytes) = bytes else { return self.tell(true, format!("{name} came without its contents.")) };
        match browser::save(name, bytes) {
            Ok(()) => self.spoken.set(format!("{name} has been saved.")),
            Err(reason) => self.tell(true, format!("{name} could not be saved: {reason}")),
        }
    }

    fn failed(&self, run: Option<u32>, reason: String) {
        if self.measured.with_untracked(|figures| figures.as_ref().is_some_and(Vec::is_empty)) {
            self.measured.set(None);
        }
        if run.is_some_and(|run| self.run.is(run)) {
            self.then.set(None);
            let begun =
                self.run.begun.with_untracked(|begun| begun.as_ref().is_some_and(|begun| self.run.is(begun.run)));
            self.run.phase.set(if begun { Phase::Paused } else { Phase::None });
            self.run.stands_still();
        }
        self.tell(true, reason);
    }

    /// Asks for the open view again, if there is a run to look into.
    pub fn look(&self) {
        let ready = matches!(self.run.phase.get_untracked(), Phase::Paused | Phase::Going | Phase::Ended(_));
        if let Some(question) = untrack(|| self.inside.question()).filter(|_| ready) {
            self.send(ToWorker::Look(question));
        }
    }

    /// Stops the download or reading that is under way.
    pub fn cancel_data(&self) {
        self.send(ToWorker::CancelData);
    }

    /// Loads the data again; an interrupted download resumes.
    pub fn retry_data(&self) {
        self.reopen_data(self.draft.source.get_untracked());
    }
}

fn spoken(result: &EpochResult) -> String {
    let split = if result.validation.is_some() { "validation" } else { "test" };
    let test = result.evaluation().map_or(String::new(), |test| {
        format!(", on the {split} set {}{}", numbers::figure(test.loss), numbers::result(test))
    });
    format!("Epoch {}: loss {}{test}.", result.epoch, numbers::figure(result.train_loss))
}

//! Messages of the worker and their effects. Every message has an arm.

use super::start::Starting;
use super::{OpenDevice, Phase, SavedRun, Status, Store, View};
use crate::link::Event;
use crate::protocol::{FromWorker, ToWorker};
use crate::ui::browser::{self, Pixels};
use crate::ui::numbers;
use js_sys::Uint8Array;
use kindling::train::{Ending, EpochResult};
use kindling::tuning::Choices;
use leptos::prelude::*;

impl Store {
    pub(super) fn on_event(&self, event: Event) {
        match event {
            Event::Message(message, bulk) => self.on_message(*message, &bulk),
            Event::Restarted(reason) => {
                self.notify(
                    true,
                    format!("The engine stopped ({reason}) and has been started again; the run resumes."),
                );
            }
            Event::Failed(reason) => self.status.set(Status::Failed(reason)),
        }
    }

    fn on_message(&self, message: FromWorker, bulk: &[Uint8Array]) {
        let pixels = |size| Pixels::new(size, bulk.first());
        match message {
            FromWorker::Ready => {}
            FromWorker::Hardware(hardware) => self.status.set(Status::Known(hardware)),
            FromWorker::DeviceOpened { name, kind, note } => {
                self.device.set(Some(OpenDevice { name, kind }));
                // Its cached choices follow, if there are any.
                self.kernels.set(Choices::default());
                if let Some(note) = note {
                    self.notify(false, note);
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
                    self.inspection.forget();
                    let starting = self.starting.try_update(std::mem::take).unwrap_or_default();
                    let data = self.data.with_untracked(|data| data.as_ref().map(|data| data.name.clone()));
                    let spec = begun.spec.clone();
                    self.run.on_begun(begun, data.unwrap_or_default(), starting.is_opened());
                    self.on_started(starting, spec);
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
                    self.announcement.set(epoch_announcement(&result));
                    self.run.add_epoch(result);
                    self.inspect();
                }
            }
            FromWorker::Paused { run } => {
                if self.run.is(run) {
                    self.run.phase.set(Phase::Paused);
                    self.run.pause_clock();
                    self.inspect();
                }
            }
            FromWorker::Training { run } => {
                if self.run.is(run) {
                    self.run.phase.set(Phase::Training);
                    self.announcement.set("Training.".into());
                }
            }
            FromWorker::Ended { run, ending, test } => {
                if self.run.is(run) {
                    self.run.phase.set(Phase::Ended(ending));
                    self.run.pause_clock();
                    self.announcement.set(match ending {
                        Ending::Finished => "Training has finished.".into(),
                        Ending::StoppedEarly => {
                            "Training stopped early: the evaluation loss has stopped improving.".into()
                        }
                    });
                    if let Some(test) = test {
                        let metrics = format!("{}{}", numbers::figure(test.loss), numbers::result(&test));
                        self.notify(false, format!("On the test split: loss {metrics}."));
                    }
                    self.inspect();
                }
            }
            FromWorker::Stepped { run, step } => {
                if self.run.is(run) {
                    self.run.phase.set(Phase::Paused);
                    let pixels = pixels(step.size);
                    self.run.step.set(Some((step, pixels)));
                    self.inspection.view.set(View::Step);
                }
            }
            FromWorker::Changed { run, spec, lr, next_epoch } => {
                if self.run.is(run) {
                    self.run.spec.set(Some(spec));
                    self.run.stats.update(|stats| stats.lr = lr);
                    if next_epoch {
                        self.announcement.set("The change takes effect in the next epoch.".into());
                    }
                }
            }
            FromWorker::Inspected { step, answer } => {
                let images = bulk.iter().map(|bytes| Pixels::new([0, 0], Some(bytes))).collect();
                self.inspection.answer(step, answer, images);
            }
            FromWorker::Classified(view) => {
                let pixels = pixels(view.size);
                self.inspection.classified.set(Some((view, pixels)));
            }
            FromWorker::File { kind: _, name } => self.file(&name, bulk.first()),
            FromWorker::FileOpened(summary) => self.opened_file.set(Some(*summary)),
            FromWorker::Checkpointed { run, slot, step } => {
                self.remove_saved_run(&slot);
                if self.run.is(run) {
                    self.run.on_checkpoint(step);
                }
            }
            FromWorker::CheckpointFound { slot, spec, data, name, step, epoch, saved_at } => {
                if self.run.phase.get_untracked() == Phase::None {
                    let saved = SavedRun { slot, spec, data, name, step, epoch, saved_at };
                    self.remove_saved_run(&saved.slot);
                    self.saved_runs.update(|all| all.push(saved));
                }
            }
            FromWorker::NotStored { reason } => self.notify(false, reason),
            FromWorker::Recovered { run, reason, step } => {
                if self.run.is(run) {
                    self.run.rewind(step);
                    let step = numbers::whole(step);
                    self.notify(false, format!("{reason} The run resumes from step {step}."));
                }
            }
            FromWorker::Measured { measurements } => self.measured.set(Some(measurements)),
            FromWorker::Kernels(choices) => self.kernels.set(choices),
            // Requested by `bench.html` only.
            FromWorker::Benched(_) => {}
            FromWorker::Failed { run, reason } => self.failed(run, reason),
            // The link starts another worker and reports it.
            FromWorker::Crashed { reason: _ } => {}
            FromWorker::InvalidMessage { reason } => {
                self.notify(true, format!("Page and engine are of different versions; reload the page ({reason})."));
            }
        }
    }

    fn file(&self, name: &str, bytes: Option<&Uint8Array>) {
        let Some(bytes) = bytes else { return self.notify(true, format!("{name} arrived without its contents.")) };
        match browser::save(name, bytes) {
            Ok(()) => self.announcement.set(format!("{name} has been saved.")),
            Err(reason) => self.notify(true, format!("{name} could not be saved: {reason}")),
        }
    }

    fn failed(&self, run: Option<u32>, reason: String) {
        self.inspection.pending.set(false);
        if self.measured.with_untracked(|figures| figures.as_ref().is_some_and(Vec::is_empty)) {
            self.measured.set(None);
        }
        if run.is_some_and(|run| self.run.is(run)) {
            self.starting.set(Starting::default());
            self.run.on_failed();
        }
        self.notify(true, reason);
    }

    /// Requests the open view again, if there is a run.
    pub fn inspect(&self) {
        let ready = matches!(self.run.phase.get_untracked(), Phase::Paused | Phase::Training | Phase::Ended(_));
        if let Some(request) = untrack(|| self.inspection.request()).filter(|_| ready) {
            self.inspection.pending.set(true);
            self.send(ToWorker::Inspect(request));
        }
    }

    /// Cancels the download or reading.
    pub fn cancel_data(&self) {
        self.send(ToWorker::CancelData);
    }

    /// Loads the data again; an interrupted download resumes.
    pub fn retry_data(&self) {
        self.reopen_data(self.draft.source.get_untracked());
    }
}

fn epoch_announcement(result: &EpochResult) -> String {
    let split = if result.validation.is_some() { "validation" } else { "test" };
    let test = result.evaluation().map_or(String::new(), |test| {
        format!(", on the {split} set {}{}", numbers::figure(test.loss), numbers::result(test))
    });
    format!("Epoch {}: loss {}{test}.", result.epoch, numbers::figure(result.train_loss))
}

//! State to restore in a worker that replaces a dead one: device, data, run. The module knows no
//! browser.

use crate::protocol::{FromWorker, ResumeFrom, RunId, ToWorker};

/// Requests that define the worker's state. `T` is the type of attachments.
#[derive(Clone, Debug)]
pub struct Memory<T> {
    device: Option<ToWorker>,
    data: Option<(ToWorker, Vec<T>)>,
    run: Option<Run>,
    /// Run before the one that has not begun yet: it stays if that one cannot begin.
    previous: Option<Run>,
}

#[derive(Clone, Debug)]
struct Run {
    id: RunId,
    /// True once the worker has said so.
    begun: bool,
    /// Message that begins the run, until a checkpoint of it has been stored.
    begin: Option<ToWorker>,
    /// Slot of its checkpoint, once one has been stored.
    slot: Option<String>,
    training: bool,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { device: None, data: None, run: None, previous: None }
    }
}

impl<T: Clone> Memory<T> {
    /// Records a message to the worker.
    pub fn record_request(&mut self, message: &ToWorker, attachments: &[T]) {
        match message {
            ToWorker::UseDevice(_) => self.device = Some(message.clone()),
            ToWorker::OpenData(_) => self.data = Some((message.clone(), attachments.to_vec())),
            ToWorker::Begin { run, .. } => self.start(*run, Some(message.clone())),
            ToWorker::Resume { run, .. } | ToWorker::UseFile { run, .. } => self.start(*run, None),
            ToWorker::Train(run) => self.set_training(*run, true),
            ToWorker::Pause(run) | ToWorker::Step(run) => self.set_training(*run, false),
            _ => {}
        }
    }

    /// Records a message from the worker.
    pub fn record_message(&mut self, message: &FromWorker) {
        match message {
            FromWorker::Begun(begun) => {
                if let Some(run) = self.run.as_mut().filter(|run| run.id == begun.run) {
                    run.begun = true;
                    self.previous = None;
                }
            }
            FromWorker::Failed { run: Some(id), .. } if self.run.as_ref().is_some_and(|r| r.id == *id && !r.begun) => {
                self.run = self.previous.take();
            }
            FromWorker::Ended { run, .. } | FromWorker::Failed { run: Some(run), .. } => self.set_training(*run, false),
            FromWorker::Checkpointed { run, slot, .. } => {
                if let Some(known) = self.run.as_mut().filter(|known| known.id == *run) {
                    known.slot = Some(slot.clone());
                }
            }
            _ => {}
        }
    }

    /// Records the start of a run, at which the one before is paused.
    fn start(&mut self, id: RunId, begin: Option<ToWorker>) {
        let run = Run { id, begun: false, begin, slot: None, training: false };
        if let Some(before) = self.run.replace(run).filter(|run| run.begun) {
            self.previous = Some(Run { training: false, ..before });
        }
    }

    fn set_training(&mut self, run: RunId, training: bool) {
        if let Some(known) = self.run.as_mut().filter(|known| known.id == run) {
            known.training = training;
        }
    }

    /// Returns the messages that restore the state in a new worker, in order.
    pub fn restoring_messages(&self) -> Vec<(ToWorker, Vec<T>)> {
        let mut messages: Vec<(ToWorker, Vec<T>)> = Vec::new();
        messages.extend(self.device.clone().map(|device| (device, Vec::new())));
        messages.extend(self.data.clone());
        if let Some(run) = &self.run {
            let begin = match &run.slot {
                Some(slot) => Some(ToWorker::Resume { run: run.id, from: ResumeFrom::Slot(slot.clone()) }),
                None => run.begin.clone(),
            };
            let is_restored = begin.is_some();
            messages.extend(begin.map(|begin| (begin, Vec::new())));
            if run.training && is_restored {
                messages.push((ToWorker::Train(run.id), Vec::new()));
            }
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Begun, DataKind, DataSource, DeviceChoice, DeviceKind};
    use kindling::train::TrainSpec;

    fn begun(run: RunId) -> FromWorker {
        FromWorker::Begun(Begun {
            run,
            spec: TrainSpec::default(),
            parameters: 0,
            batches: 1,
            device: String::new(),
            kind: DeviceKind::Cpu,
            resumed_at: None,
            history: Vec::new(),
        })
    }

    #[test]
    fn a_new_worker_receives_the_state_of_the_old_one() {
        let mut memory = Memory::default();
        memory.record_request(&ToWorker::UseDevice(DeviceChoice::Cpu), &[]);
        let files = DataSource::new(DataKind::Files(vec!["a.zip".into()]));
        memory.record_request(&ToWorker::OpenData(files), &[7]);
        memory.record_request(&ToWorker::Begin { run: 4, spec: TrainSpec::default() }, &[]);
        memory.record_request(&ToWorker::Train(4), &[]);
        let messages = memory.restoring_messages();
        assert_eq!(messages.len(), 4);
        assert_eq!(messages[0].0, ToWorker::UseDevice(DeviceChoice::Cpu));
        assert_eq!(messages[1].1, [7]);
        assert_eq!(messages[3].0, ToWorker::Train(4));
        memory.record_message(&FromWorker::Checkpointed { run: 3, slot: "-2".into(), step: 9 });
        assert!(matches!(memory.restoring_messages()[2].0, ToWorker::Begin { run: 4, .. }));
        memory.record_message(&FromWorker::Checkpointed { run: 4, slot: "-1".into(), step: 9 });
        let from = ResumeFrom::Slot("-1".into());
        assert_eq!(memory.restoring_messages()[2].0, ToWorker::Resume { run: 4, from });
        memory.record_request(&ToWorker::Pause(4), &[]);
        assert_eq!(memory.restoring_messages().len(), 3);
    }

    #[test]
    fn a_run_that_cannot_begin_leaves_the_one_before() {
        let mut memory = Memory::<()>::default();
        let begin = |run| ToWorker::Begin { run, spec: TrainSpec::default() };
        let failed = |run| FromWorker::Failed { run: Some(run), reason: String::new() };
        memory.record_request(&begin(1), &[]);
        memory.record_message(&begun(1));
        memory.record_request(&ToWorker::Train(1), &[]);
        memory.record_request(&begin(2), &[]);
        memory.record_request(&begin(3), &[]);
        memory.record_message(&failed(3));
        assert_eq!(memory.restoring_messages(), [(begin(1), Vec::new())]);
        memory.record_request(&begin(4), &[]);
        memory.record_message(&begun(4));
        memory.record_message(&failed(4));
        assert_eq!(memory.restoring_messages(), [(begin(4), Vec::new())]);
    }
}

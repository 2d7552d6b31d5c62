//! State to restore in a worker that replaces a dead one: device, data, run. The module knows no
//! browser.

use crate::protocol::{FromWorker, ResumeFrom, RunId, ToWorker};

/// Requests that define the worker's state. `T` is the type of attachments.
#[derive(Clone, Debug)]
pub struct Memory<T> {
    device: Option<ToWorker>,
    data: Option<(ToWorker, Vec<T>)>,
    run: Option<Run>,
}

#[derive(Clone, Debug)]
struct Run {
    id: RunId,
    /// Message that begins the run, until a checkpoint of it has been stored.
    begin: Option<ToWorker>,
    stored: bool,
    going: bool,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { device: None, data: None, run: None }
    }
}

impl<T: Clone> Memory<T> {
    /// Records a message to the worker.
    pub fn sent(&mut self, message: &ToWorker, beside: &[T]) {
        match message {
            ToWorker::UseDevice(_) => self.device = Some(message.clone()),
            ToWorker::OpenData(_) => self.data = Some((message.clone(), beside.to_vec())),
            ToWorker::Begin { run, .. } => {
                self.run = Some(Run { id: *run, begin: Some(message.clone()), stored: false, going: false });
            }
            ToWorker::Resume { run, .. } | ToWorker::UseInspected { run, .. } => {
                self.run = Some(Run { id: *run, begin: None, stored: false, going: false });
            }
            ToWorker::Go(run) => self.goes(*run, true),
            ToWorker::Pause(run) | ToWorker::Step(run) => self.goes(*run, false),
            _ => {}
        }
    }

    /// Records a message from the worker.
    pub fn heard(&mut self, message: &FromWorker) {
        match message {
            FromWorker::Ended { run, .. } | FromWorker::Failed { run: Some(run), .. } => self.goes(*run, false),
            FromWorker::Checkpointed { run, .. } => {
                if let Some(known) = self.run.as_mut().filter(|known| known.id == *run) {
                    known.stored = true;
                }
            }
            _ => {}
        }
    }

    fn goes(&mut self, run: RunId, going: bool) {
        if let Some(known) = self.run.as_mut().filter(|known| known.id == run) {
            known.going = going;
        }
    }

    /// Returns the messages that restore the state in a new worker, in order.
    pub fn again(&self) -> Vec<(ToWorker, Vec<T>)> {
        let mut messages: Vec<(ToWorker, Vec<T>)> = Vec::new();
        messages.extend(self.device.clone().map(|device| (device, Vec::new())));
        messages.extend(self.data.clone());
        if let Some(run) = &self.run {
            let begin = match (&run.begin, run.stored) {
                (Some(begin), false) => begin.clone(),
                _ => ToWorker::Resume { run: run.id, from: ResumeFrom::Automatic },
            };
            messages.push((begin, Vec::new()));
            if run.going {
                messages.push((ToWorker::Go(run.id), Vec::new()));
            }
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{DataKind, DataSource, DeviceChoice};
    use kindling::train::TrainSpec;

    #[test]
    fn a_new_worker_is_told_what_the_old_one_was_doing() {
        let mut memory = Memory::default();
        memory.sent(&ToWorker::UseDevice(DeviceChoice::Cpu), &[]);
        let files = DataSource::new(DataKind::Files(vec!["a.zip".into()]));
        memory.sent(&ToWorker::OpenData(files), &[7]);
        memory.sent(&ToWorker::Begin { run: 4, spec: TrainSpec::default() }, &[]);
        memory.sent(&ToWorker::Go(4), &[]);
        let again = memory.again();
        assert_eq!(again.len(), 4);
        assert_eq!(again[0].0, ToWorker::UseDevice(DeviceChoice::Cpu));
        assert_eq!(again[1].1, [7]);
        assert_eq!(again[3].0, ToWorker::Go(4));
        memory.heard(&FromWorker::Checkpointed { run: 3, step: 9 });
        assert!(matches!(memory.again()[2].0, ToWorker::Begin { run: 4, .. }));
        memory.heard(&FromWorker::Checkpointed { run: 4, step: 9 });
        assert_eq!(memory.again()[2].0, ToWorker::Resume { run: 4, from: ResumeFrom::Automatic });
        memory.sent(&ToWorker::Pause(4), &[]);
        assert_eq!(memory.again().len(), 3);
    }
}

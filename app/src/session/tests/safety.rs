//! No run is lost: one that cannot begin leaves the current one as it was, and one that was
//! replaced can return.

use super::host::{Messages, TestSession};
use super::{file, found, has, spec};
use crate::protocol::{
    DataKind, DataSource, DeviceChoice, FileKind, FromWorker, LiveChange, ResumeFrom, RunId, ToWorker,
};
use crate::session::Arrival;
use kindling::train::{Ending, ModelSpec, TrainSpec};
use kindling::{Device, block_on};

/// Starts a session with run 1, which is in the middle of its first epoch and training.
fn training() -> TestSession {
    let mut page = TestSession::new();
    page.shapes(128, 32);
    page.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    page.ask(ToWorker::Train(1));
    for _ in 0..3 {
        block_on(page.session.advance());
    }
    page
}

/// Returns the run that failed, and the reason.
fn failure(messages: &Messages) -> (Option<RunId>, String) {
    let failed = messages.iter().find_map(|(message, _)| match message {
        FromWorker::Failed { run, reason } => Some((*run, reason.clone())),
        _ => None,
    });
    failed.unwrap_or_else(|| panic!("nothing failed in {messages:?}"))
}

/// Trains run 1 to its end: it has the result of a run that was never disturbed.
fn assert_undisturbed(page: &mut TestSession) {
    assert!(!page.session.is_busy(), "the run is paused");
    page.ask(ToWorker::Train(1));
    let messages = page.advance();
    let ended = |m: &FromWorker| matches!(m, FromWorker::Ended { run: 1, ending: Ending::Finished, .. });
    assert!(has(&messages, ended), "{messages:?}");
    let mut whole = TestSession::new();
    whole.shapes(128, 32);
    whole.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    whole.ask(ToWorker::Train(1));
    whole.advance();
    assert_eq!(page.confusion(), whole.confusion());
}

/// Returns a checkpoint of a run on this number of samples.
fn checkpoint_on(train: usize) -> Vec<u8> {
    let mut page = TestSession::new();
    page.shapes(train, 16);
    page.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    page.ask(ToWorker::Step(1));
    page.advance();
    file(&page.ask(ToWorker::Save(FileKind::Checkpoint)))
}

#[test]
fn a_checkpoint_of_other_data_is_refused_and_the_run_stays() {
    let mut page = training();
    page.ask_with(ToWorker::OpenFile { name: "other.safetensors".into() }, vec![checkpoint_on(256)]);
    let messages = page.ask(ToWorker::UseFile { run: 2, spec: spec(1) });
    let (run, reason) = failure(&messages);
    assert!(run == Some(2) && reason.contains("256 samples"), "{reason}");
    assert!(has(&messages, |m| matches!(m, FromWorker::Checkpointed { run: 1, step: 3, .. })), "{messages:?}");
    assert_undisturbed(&mut page);
}

#[test]
fn a_file_whose_data_cannot_be_loaded_is_refused_and_the_run_stays() {
    let mut page = training();
    page.ask_with(ToWorker::OpenFile { name: "other.safetensors".into() }, vec![checkpoint_on(256)]);
    let source = DataSource::new(DataKind::Cifar { hundred: false, url: None });
    let load = block_on(page.session.handle(ToWorker::OpenData(source), Vec::new())).unwrap();
    let messages = page.ask(ToWorker::UseFile { run: 2, spec: spec(1) });
    assert!(!has(&messages, |m| matches!(m, FromWorker::Failed { .. })), "it waits for its data: {messages:?}");
    page.host.messages.borrow_mut().clear();
    let wants_more = block_on(page.session.arrived(load, Arrival::Failed("The server does not answer.".into())));
    assert!(!wants_more);
    let (run, reason) = failure(&page.host.messages.take());
    assert!(run == Some(2) && reason.contains("does not answer"), "{reason}");
    assert_undisturbed(&mut page);
}

#[test]
fn a_model_that_does_not_fit_is_refused_and_the_run_stays() {
    let mut page = training();
    let model = ModelSpec::from_text("small", &[1, 8, 8], "flatten = Flatten()\nfc = Linear(64, 8)").unwrap();
    let messages =
        page.ask(ToWorker::Begin { run: 2, spec: TrainSpec { model: Some(model), preset: None, ..spec(1) } });
    let (run, reason) = failure(&messages);
    assert!(run == Some(2) && reason.contains("1×8×8"), "{reason}");
    assert_undisturbed(&mut page);
}

#[test]
fn a_damaged_checkpoint_is_refused_and_the_run_stays() {
    let mut page = training();
    let messages = page.ask_with(ToWorker::Resume { run: 2, from: ResumeFrom::File }, vec![b"no such thing".to_vec()]);
    assert_eq!(failure(&messages).0, Some(2));
    let messages = page.ask(ToWorker::UseFile { run: 3, spec: spec(1) });
    assert_eq!(failure(&messages).0, Some(3));
    assert_undisturbed(&mut page);
}

#[test]
fn a_checkpoint_that_is_refused_keeps_its_slot() {
    let mut first = TestSession::new();
    first.shapes(256, 16);
    first.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    first.ask(ToWorker::Step(1));
    first.advance();
    let host = first.host.clone();
    drop(first);
    let mut second = TestSession::with_host(host.clone());
    let slot = found(&host.messages.take()).remove(0);
    let stored = host.stored.borrow().clone();
    second.shapes(128, 32);
    second.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    let messages = second.ask(ToWorker::Resume { run: 2, from: ResumeFrom::Slot(slot) });
    assert_eq!(failure(&messages).0, Some(2));
    // The current run is saved in another slot.
    second.ask(ToWorker::Step(1));
    second.advance();
    for (name, bytes) in stored {
        assert_eq!(host.stored.borrow().get(&name), Some(&bytes), "{name}");
    }
}

#[test]
fn a_run_begins_on_another_device_if_its_own_is_lost() {
    if let Err(error) = block_on(Device::gpu()) {
        assert!(std::env::var_os("REQUIRE_GPU").is_none(), "REQUIRE_GPU is set: {error}");
        println!("1 skipped, no GPU: {error}");
        return;
    }
    let mut page = TestSession::new();
    page.ask(ToWorker::UseDevice(DeviceChoice::Gpu));
    page.shapes(32, 16);
    page.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    page.ask(ToWorker::Step(1));
    page.advance();
    page.ask(ToWorker::LoseDevice);
    page.ask(ToWorker::Begin { run: 2, spec: spec(1) });
    page.ask(ToWorker::Train(2));
    let messages = page.advance();
    assert!(has(&messages, |m| matches!(m, FromWorker::Ended { run: 2, .. })), "{messages:?}");
}

#[test]
fn a_run_that_was_reset_returns_at_its_last_checkpoint() {
    let mut page = training();
    page.ask(ToWorker::Pause(1));
    page.ask(ToWorker::Change { run: 1, change: LiveChange::EvaluateEvery(2) });
    page.ask(ToWorker::Begin { run: 2, spec: spec(1) });
    // A second reset before the first step does not replace it.
    page.ask(ToWorker::Begin { run: 3, spec: spec(1) });
    let messages = page.ask(ToWorker::Resume { run: 1, from: ResumeFrom::Replaced });
    let changed = |m: &FromWorker| matches!(m, FromWorker::Begun(begun) if begun.spec.evaluate_every == 2);
    assert!(has(&messages, changed), "its settings are the last ones: {messages:?}");
    let begun =
        |m: &FromWorker| matches!(m, FromWorker::Begun(begun) if begun.resumed_at.is_some_and(|at| at.step == 3));
    assert!(has(&messages, begun), "{messages:?}");
    let curves = String::from_utf8(file(&page.ask(ToWorker::Save(FileKind::Curves)))).unwrap();
    assert_eq!(curves.lines().count(), 1 + 3, "the steps are in its log: {curves}");
    assert_undisturbed(&mut page);

    // Once the next run has made a checkpoint, the earlier one is gone.
    page.ask(ToWorker::Begin { run: 4, spec: spec(1) });
    page.ask(ToWorker::Step(4));
    page.advance();
    let messages = page.ask(ToWorker::Resume { run: 5, from: ResumeFrom::Replaced });
    assert_eq!(failure(&messages).0, Some(5));
}

#[test]
fn a_finished_run_continues_with_more_epochs() {
    let mut page = TestSession::new();
    page.shapes(128, 32);
    page.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    page.ask(ToWorker::Train(1));
    page.advance();
    page.ask(ToWorker::Change { run: 1, change: LiveChange::Epochs(2) });
    page.ask(ToWorker::Train(1));
    let messages = page.advance();
    let epochs: Vec<(usize, u64)> = messages
        .iter()
        .filter_map(|(message, _)| match message {
            FromWorker::Epoch { run: 1, result } => Some((result.epoch, result.step)),
            _ => None,
        })
        .collect();
    assert_eq!(epochs, [(2, 8)], "{messages:?}");
    let mut whole = TestSession::new();
    whole.shapes(128, 32);
    whole.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    whole.ask(ToWorker::Train(1));
    whole.advance();
    assert_eq!(page.confusion(), whole.confusion());
}

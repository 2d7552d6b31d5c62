//! Whole sessions without a browser.

mod host;
mod safety;
mod sources;

use super::Arrival;
use crate::protocol::{
    ActivationsRequest, Answer, DataKind, DataSource, DeviceChoice, FileKind, FiltersRequest, FromWorker, ImageSource,
    Inspection, LiveChange, Order, PredictionsRequest, ResumeFrom, SplitName, StepView, ToWorker,
};
use host::{Messages, TestSession};
use kindling::data::{OpenOptions, Reader};
use kindling::format::ModelFile;
use kindling::optim::{AdamOptions, OptimizerSpec};
use kindling::train::{Ending, TrainSpec};
use kindling::{Device, block_on};

fn spec(epochs: usize) -> TrainSpec {
    TrainSpec {
        preset: Some("mlp".into()),
        optimizer: OptimizerSpec::Adam(AdamOptions::default()),
        batch_size: 32,
        epochs,
        evaluate_every: 1,
        ..TrainSpec::default()
    }
}

fn has(messages: &Messages, wanted: impl Fn(&FromWorker) -> bool) -> bool {
    messages.iter().any(|(message, _)| wanted(message))
}

fn file(messages: &Messages) -> Vec<u8> {
    let of = |(message, bulk): &(FromWorker, Vec<Vec<u8>>)| {
        matches!(message, FromWorker::File { .. }).then(|| bulk[0].clone())
    };
    messages.iter().find_map(of).unwrap_or_else(|| panic!("no file in {messages:?}"))
}

/// Returns the slots of the checkpoints that were offered.
fn found(messages: &Messages) -> Vec<String> {
    let slot = |(message, _): &(FromWorker, Vec<Vec<u8>>)| match message {
        FromWorker::CheckpointFound { slot, .. } => Some(slot.clone()),
        _ => None,
    };
    messages.iter().filter_map(slot).collect()
}

#[test]
fn a_run_trains_steps_changes_and_is_saved_and_reopened() {
    let mut page = TestSession::new();
    page.shapes(256, 64);
    let messages = page.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    assert!(
        has(&messages, |m| matches!(m, FromWorker::Begun(begun) if begun.batches == 8 && begun.run == 1)),
        "{messages:?}"
    );

    page.ask(ToWorker::Step(1));
    let messages = page.advance();
    let step: &StepView = messages
        .iter()
        .find_map(|(message, bulk)| match message {
            FromWorker::Stepped { step, .. } => {
                assert_eq!(bulk[0].len(), 32 * 32 * 32 * 4);
                Some(step)
            }
            _ => None,
        })
        .unwrap();
    assert_eq!((step.step, step.labels.len()), (1, 32));
    assert!(step.layers.iter().any(|layer| layer.update.is_some_and(|update| update > 0.0)), "{:?}", step.layers);
    assert!(has(&messages, |m| matches!(m, FromWorker::Paused { run: 1 })));

    let messages = page.ask(ToWorker::Change { run: 1, change: LiveChange::Lr(0.002) });
    assert!(
        has(&messages, |m| matches!(m, FromWorker::Changed { spec, .. } if spec.optimizer.lr() == 0.002)),
        "{messages:?}"
    );
    let messages = page.ask(ToWorker::Change { run: 1, change: LiveChange::BatchSize(64) });
    assert!(has(&messages, |m| matches!(m, FromWorker::Changed { next_epoch: true, .. })));

    page.ask(ToWorker::Train(1));
    let messages = page.advance();
    assert!(has(&messages, |m| matches!(m, FromWorker::Ended { ending: Ending::Finished, .. })), "{messages:?}");
    let mut steps: Vec<(u64, f64)> = Vec::new();
    for (message, _) in &messages {
        if let FromWorker::Progress(progress) = message {
            steps.extend(progress.results.iter().map(|result| (result.step, progress.lr)));
        }
    }
    // Eight steps of 32 in the first epoch, four of 64 in the second; step 1 was the single step.
    assert_eq!(steps.iter().map(|(step, _)| *step).collect::<Vec<_>>(), (2..=12).collect::<Vec<u64>>());
    assert!(steps.iter().all(|(_, lr)| *lr == 0.002));

    let messages = page.ask(ToWorker::Inspect(Inspection::Profile));
    let Some((FromWorker::Inspected { step: 12, answer: Answer::Profile(profile) }, _)) = messages.last() else {
        panic!("{messages:?}")
    };
    assert!(profile.kernels.iter().any(|kernel| kernel.name.contains("linear")), "{profile:?}");

    let accuracy = page.confusion();
    let model = file(&page.ask(ToWorker::Save(FileKind::Model)));
    let script = file(&page.ask(ToWorker::Save(FileKind::Script)));
    let archive = zip::ZipArchive::new(std::io::Cursor::new(script)).unwrap();
    let names = archive.file_names().collect::<std::result::Result<Vec<_>, _>>().unwrap();
    assert!(
        matches!(&names[..], [script, weights] if script.ends_with(".py") && weights.ends_with(".safetensors")),
        "{names:?}"
    );
    let board = file(&page.ask(ToWorker::Save(FileKind::TensorBoard)));
    let events = kindling::format::tfevents::read(&board, "log").unwrap();
    assert!(events.len() > 3 * 12, "{} events", events.len());
    let curves = String::from_utf8(file(&page.ask(ToWorker::Save(FileKind::Curves)))).unwrap();
    assert_eq!(curves.lines().count(), 1 + 12 + 2);
    assert!(curves.lines().all(|line| line.matches(',').count() == 8), "{curves}");

    let mut other = TestSession::new();
    other.shapes(256, 64);
    let messages = other.ask_with(ToWorker::OpenFile { name: "a.safetensors".into() }, vec![model]);
    assert!(
        has(&messages, |m| matches!(m, FromWorker::FileOpened(s) if s.run.is_none() && s.mismatch.is_none())),
        "{messages:?}"
    );
    other.ask(ToWorker::UseFile { run: 7, spec: spec(2) });
    assert_eq!(other.confusion(), accuracy);
}

#[test]
fn inspections_do_not_change_the_run() {
    let mut page = TestSession::new();
    page.shapes(64, 32);
    let spec = TrainSpec { preset: Some("cifar-intro".into()), ..spec(1) };
    page.ask(ToWorker::Begin { run: 1, spec });
    let before = file(&page.ask(ToWorker::Save(FileKind::Checkpoint)));

    let request =
        PredictionsRequest { first: 2, count: 5, order: Order::LeastConfident, ..PredictionsRequest::default() };
    let (answer, bulk) = page.inspect(Inspection::Predictions(request));
    let Answer::Predictions(view) = answer else { panic!("{answer:?}") };
    assert_eq!((view.items.len(), view.of, bulk[0].len()), (5, 32, 5 * 32 * 32 * 4));
    assert!((view.items[0].probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);

    let (answer, bulk) = page.inspect(Inspection::Filters(FiltersRequest::default()));
    let Answer::Filters(view) = answer else { panic!("{answer:?}") };
    assert_eq!((view.planes, bulk[0].len()), (1, view.filters * view.size[0] * view.size[1] * 4));

    let image = ImageSource::Sample { split: SplitName::Test, index: 3 };
    let (answer, bulk) = page.inspect(Inspection::Activations(ActivationsRequest { image }));
    let Answer::Activations(view) = answer else { panic!("{answer:?}") };
    assert_eq!(bulk.len(), 1 + view.layers.len());
    for (layer, pixels) in view.layers.iter().zip(&bulk[1..]) {
        assert_eq!(pixels.len(), layer.channels * layer.size[0] * layer.size[1] * 4, "{layer:?}");
    }

    let (answer, _) = page.inspect(Inspection::Graph);
    let Answer::Graph(graph) = answer else { panic!("{answer:?}") };
    assert_eq!(graph.nodes.iter().filter(|node| node.parameter).count(), 10);
    assert!(matches!(page.inspect(Inspection::Histograms).0, Answer::Histograms(_)));
    let (answer, _) = page.inspect(Inspection::Profile);
    assert!(matches!(&answer, Answer::Profile(view) if view.note.is_some()), "no step was made: {answer:?}");
    let rgba = vec![200u8; 10 * 20 * 4];
    let messages = page.ask_with(ToWorker::Classify { width: 10, height: 20 }, vec![rgba]);
    assert!(has(&messages, |m| matches!(m, FromWorker::Classified(_))), "{messages:?}");
    let messages = page.ask_with(ToWorker::Classify { width: 9, height: 20 }, vec![vec![0; 7]]);
    assert!(has(&messages, |m| matches!(m, FromWorker::Failed { run: None, .. })), "{messages:?}");

    let after = file(&page.ask(ToWorker::Save(FileKind::Checkpoint)));
    let read = |bytes: &[u8]| ModelFile::from_bytes(bytes, "a checkpoint").unwrap();
    assert_eq!(read(&after), read(&before));
}

#[test]
fn a_run_resumed_after_a_reload_has_the_same_result() {
    let mut whole = TestSession::new();
    whole.shapes(128, 32);
    whole.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    whole.ask(ToWorker::Train(1));
    whole.advance();

    let mut first = TestSession::new();
    first.shapes(128, 32);
    first.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    first.ask(ToWorker::Train(1));
    for _ in 0..3 {
        block_on(first.session.advance());
    }
    let messages = first.ask(ToWorker::Pause(1));
    assert!(has(&messages, |m| matches!(m, FromWorker::Checkpointed { run: 1, step: 3, .. })), "{messages:?}");
    let host = first.host.clone();
    drop(first);

    let mut second = TestSession::with_host(host.clone());
    let from = ResumeFrom::Slot(found(&host.messages.take()).remove(0));
    second.shapes(128, 32);
    let messages = second.ask(ToWorker::Resume { run: 2, from });
    assert!(has(&messages, |m| matches!(m, FromWorker::Begun(b) if b.resumed_at.is_some_and(|at| at.step == 3))));
    second.ask(ToWorker::Train(2));
    second.advance();
    assert_eq!(second.confusion(), whole.confusion());
}

/// Trains one step of a run in a session.
fn train_a_step(page: &mut TestSession) {
    page.shapes(64, 16);
    page.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    page.ask(ToWorker::Step(1));
    page.advance();
}

#[test]
fn tabs_have_checkpoints_of_their_own_and_those_of_open_tabs_are_not_offered() {
    let mut first = TestSession::new();
    let host = first.host.clone();
    train_a_step(&mut first);
    let mut second = TestSession::beside(host.clone());
    assert_eq!(found(&host.messages.take()), Vec::<String>::new());
    train_a_step(&mut second);
    // The other tab is closed while this one is open.
    drop(first);
    let lock = host.watched.take().remove(0);
    host.messages.take();
    block_on(second.session.released(&lock));
    assert_eq!(found(&host.messages.take()).len(), 1);
    drop(second);

    let mut third = TestSession::with_host(host.clone());
    let slots = found(&host.messages.take());
    assert_eq!(slots.len(), 2);
    // The tab that takes a checkpoint holds it; the other one is offered still.
    third.shapes(64, 16);
    let messages = third.ask(ToWorker::Resume { run: 1, from: ResumeFrom::Slot(slots[1].clone()) });
    assert!(has(&messages, |m| matches!(m, FromWorker::Begun(begun) if begun.run == 1)), "{messages:?}");
    host.messages.take();
    let mut fourth = TestSession::beside(host.clone());
    assert_eq!(found(&host.messages.take()), slots[..1]);
    fourth.ask(ToWorker::DeleteCheckpoint { slot: slots[0].clone() });
    let messages = fourth.ask(ToWorker::Resume { run: 1, from: ResumeFrom::Slot(slots[0].clone()) });
    assert!(has(&messages, |m| matches!(m, FromWorker::Failed { .. })), "{messages:?}");
    drop((third, fourth));

    for _ in 0..6 {
        train_a_step(&mut TestSession::beside(host.clone()));
    }
    TestSession::with_host(host.clone());
    assert_eq!(found(&host.messages.take()).len(), 4);
    assert_eq!(host.stored.borrow().keys().filter(|name| name.ends_with(".safetensors")).count(), 4);
}

#[test]
fn bad_input_is_reported_and_the_run_continues() {
    let mut page = TestSession::new();
    let messages = page.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    assert!(has(
        &messages,
        |m| matches!(m, FromWorker::Failed { run: Some(1), reason } if reason.contains("data first"))
    ));
    page.shapes(64, 16);
    page.ask(ToWorker::Begin { run: 2, spec: spec(1) });
    let messages = page.ask_with(ToWorker::OpenFile { name: "x.safetensors".into() }, vec![b"no such thing".to_vec()]);
    assert!(has(&messages, |m| matches!(m, FromWorker::Failed { run: None, .. })), "{messages:?}");
    let messages = page.ask(ToWorker::Change { run: 2, change: LiveChange::Lr(-1.0) });
    assert!(has(&messages, |m| matches!(m, FromWorker::Failed { run: None, .. })), "{messages:?}");
    page.host.full.set(true);
    page.ask(ToWorker::Train(2));
    let messages = page.advance();
    assert!(has(&messages, |m| matches!(m, FromWorker::NotStored { .. })));
    assert!(has(&messages, |m| matches!(m, FromWorker::Ended { .. })), "{messages:?}");
}

/// CIFAR-10 files of `n` images each, in the official layout.
fn cifar(n: usize) -> Vec<(String, Vec<u8>)> {
    let names = ["data_batch_1", "test_batch", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"];
    let record = |file: usize, i: usize| {
        let label = ((i + file) % 10) as u8;
        std::iter::once(label).chain((0..3072).map(move |j| (i * 31 + j * 7 + file + usize::from(label) * 20) as u8))
    };
    let file = |(f, name): (usize, &str)| (format!("{name}.bin"), (0..n).flat_map(|i| record(f, i)).collect());
    names.into_iter().enumerate().map(file).collect()
}

#[test]
fn training_begins_before_all_data_has_arrived_and_ends_with_all_of_it() {
    let mut page = TestSession::new();
    let source = DataSource::new(DataKind::Cifar { hundred: false, url: None });
    let load = block_on(page.session.handle(ToWorker::OpenData(source), Vec::new())).unwrap();
    page.ask(ToWorker::Begin { run: 1, spec: TrainSpec { batch_size: 250, ..spec(3) } });
    page.ask(ToWorker::Train(1));
    assert!(!page.session.is_busy());
    let options = OpenOptions { incomplete: true, ..OpenOptions::default() };
    let reading = Reader::new("CIFAR-10", options);
    let mut pieces = vec![Arrival::Found(Box::new(reading), false)];
    for (name, bytes) in cifar(1000) {
        pieces.push(Arrival::File(name, Some(bytes.len() as u64)));
        pieces.extend(bytes.chunks(100_000).map(|piece| Arrival::Bytes(piece.to_vec())));
        pieces.push(Arrival::FileEnd);
    }
    pieces.push(Arrival::End);
    let mut epochs = Vec::new();
    let mut pieces = pieces.into_iter();
    let mut begun_at = None;
    loop {
        let left = pieces.len();
        match pieces.next() {
            Some(piece) => drop(block_on(page.session.arrived(load, piece))),
            None if !page.session.is_busy() => break,
            None => {}
        }
        if page.session.is_busy() {
            begun_at.get_or_insert(left);
            block_on(page.session.advance());
        }
    }
    let messages = page.host.messages.take();
    for (message, _) in &messages {
        if let FromWorker::Epoch { result, .. } = message {
            epochs.push((result.step, result.test.is_some()));
        }
    }
    assert!(begun_at.is_some_and(|left| left > 100), "begun with {begun_at:?} pieces to come");
    assert_eq!(epochs.len(), 3, "{epochs:?}");
    // The last epoch has all 5,000 samples.
    assert_eq!((epochs[2].0 - epochs[1].0, epochs[2].1), (20, true), "{epochs:?}");
    assert!(has(&messages, |m| matches!(m, FromWorker::DataReady(info) if info.complete && info.train == 5000)));
}

#[test]
fn kernels_are_measured_once_and_cached_for_the_next_visit() {
    if let Err(error) = block_on(Device::gpu()) {
        assert!(std::env::var_os("REQUIRE_GPU").is_none(), "REQUIRE_GPU is set: {error}");
        println!("1 skipped, no GPU: {error}");
        return;
    }
    let mut page = TestSession::new();
    page.ask(ToWorker::UseDevice(DeviceChoice::Gpu));
    page.shapes(80, 40);
    // Enough rows for more than one candidate kernel on every adapter.
    page.ask(ToWorker::Begin { run: 1, spec: TrainSpec { batch_size: 40, ..spec(1) } });
    page.ask(ToWorker::Train(1));
    let messages = page.advance();
    let kernels = |messages: &Messages| {
        messages.iter().find_map(|(message, _)| match message {
            FromWorker::Kernels(choices) => Some(choices.clone()),
            _ => None,
        })
    };
    let choices = kernels(&messages).unwrap_or_else(|| panic!("no kernels in {messages:?}"));
    for choice in choices.classes.values() {
        let fastest = choice.milliseconds.values().copied().fold(f64::INFINITY, f64::min);
        let chosen = &choice.milliseconds[&format!("{:?}", choice.variant)];
        assert!(choice.milliseconds.len() > 1 && *chosen <= fastest / 0.95, "{choice:?}");
    }
    let mut next = TestSession::with_host(page.host.clone());
    assert_eq!(kernels(&next.ask(ToWorker::UseDevice(DeviceChoice::Gpu))), Some(choices));
}

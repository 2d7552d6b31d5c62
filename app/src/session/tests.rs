//! Whole sessions, played without a browser.

mod sources;
mod world;

use super::*;
use crate::protocol::{DataKind, DataSource, FileKind, LiveChange, Order, PictureOf, ResumeFrom, SplitName, StepView};
use kindling::block_on;
use kindling::data::{OpenOptions, Reader};
use kindling::optim::{AdamOptions, OptimizerSpec};
use kindling::train::{Ending, TrainSpec};
use world::{Heard, Played};

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

fn said(heard: &Heard, wanted: impl Fn(&FromWorker) -> bool) -> bool {
    heard.iter().any(|(message, _)| wanted(message))
}

fn file(heard: &Heard) -> Vec<u8> {
    let of = |(message, bulk): &(FromWorker, Vec<Vec<u8>>)| {
        matches!(message, FromWorker::File { .. }).then(|| bulk[0].clone())
    };
    heard.iter().find_map(of).unwrap_or_else(|| panic!("no file in {heard:?}"))
}

#[test]
fn a_run_trains_steps_is_changed_saved_and_opened_again() {
    let mut played = Played::new();
    played.shapes(256, 64);
    let heard = played.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    assert!(
        said(&heard, |m| matches!(m, FromWorker::Begun(begun) if begun.batches == 8 && begun.run == 1)),
        "{heard:?}"
    );

    played.ask(ToWorker::Step(1));
    let heard = played.advance();
    let step: &StepView = heard
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
    assert!(said(&heard, |m| matches!(m, FromWorker::Paused { run: 1 })));

    let heard = played.ask(ToWorker::Change { run: 1, change: LiveChange::Lr(0.002) });
    assert!(
        said(&heard, |m| matches!(m, FromWorker::Changed { spec, .. } if spec.optimizer.lr() == 0.002)),
        "{heard:?}"
    );
    let heard = played.ask(ToWorker::Change { run: 1, change: LiveChange::BatchSize(64) });
    assert!(said(&heard, |m| matches!(m, FromWorker::Changed { next_epoch: true, .. })));

    played.ask(ToWorker::Go(1));
    let heard = played.advance();
    assert!(said(&heard, |m| matches!(m, FromWorker::Ended { ending: Ending::Finished, .. })), "{heard:?}");
    let mut steps: Vec<(u64, f64)> = Vec::new();
    for (message, _) in &heard {
        if let FromWorker::Progress(progress) = message {
            steps.extend(progress.results.iter().map(|result| (result.step, progress.lr)));
        }
    }
    // Eight steps of 32 in the first epoch, four of 64 in the second; the first was the single one.
    assert_eq!(steps.iter().map(|(step, _)| *step).collect::<Vec<_>>(), (2..=12).collect::<Vec<u64>>());
    assert!(steps.iter().all(|(_, lr)| *lr == 0.002));

    let heard = played.ask(ToWorker::Look(Look::Profile));
    let Some((FromWorker::Profile(profile), _)) = heard.last() else { panic!("{heard:?}") };
    assert!(profile.kernels.iter().any(|kernel| kernel.name.contains("linear")), "{profile:?}");

    let accuracy = played.confusion();
    let model = file(&played.ask(ToWorker::Save(FileKind::Model)));
    let script = file(&played.ask(ToWorker::Save(FileKind::Script)));
    let archive = zip::ZipArchive::new(std::io::Cursor::new(script)).unwrap();
    let names = archive.file_names().collect::<std::result::Result<Vec<_>, _>>().unwrap();
    assert!(
        matches!(&names[..], [script, weights] if script.ends_with(".py") && weights.ends_with(".safetensors")),
        "{names:?}"
    );
    let board = file(&played.ask(ToWorker::Save(FileKind::TensorBoard)));
    let events = kindling::format::tfevents::read(&board, "log").unwrap();
    assert!(events.len() > 3 * 12, "{} events", events.len());
    let curves = String::from_utf8(file(&played.ask(ToWorker::Save(FileKind::Curves)))).unwrap();
    assert_eq!(curves.lines().count(), 1 + 12 + 2);
    assert!(curves.lines().all(|line| line.matches(',').count() == 8), "{curves}");

    let mut other = Played::new();
    other.shapes(256, 64);
    let heard = other.ask_with(ToWorker::Inspect { name: "a.safetensors".into() }, vec![model]);
    assert!(
        said(&heard, |m| matches!(m, FromWorker::Inspected(s) if s.run.is_none() && s.misfit.is_none())),
        "{heard:?}"
    );
    other.ask(ToWorker::UseInspected { run: 7, spec: spec(2) });
    assert_eq!(other.confusion(), accuracy);
}

#[test]
fn everything_can_be_looked_at_without_moving_the_run() {
    let mut played = Played::new();
    played.shapes(64, 32);
    let spec = TrainSpec { preset: Some("cifar-intro".into()), ..spec(1) };
    played.ask(ToWorker::Begin { run: 1, spec });
    let before = file(&played.ask(ToWorker::Save(FileKind::Checkpoint)));

    let look =
        Look::Predictions { split: SplitName::Test, first: 2, count: 5, order: Order::LeastConfident, cell: None };
    let heard = played.ask(ToWorker::Look(look));
    let [(FromWorker::Predictions(view), bulk)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((view.items.len(), view.of, bulk[0].len()), (5, 32, 5 * 32 * 32 * 4));
    assert!((view.items[0].probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-4);

    let heard = played.ask(ToWorker::Look(Look::Filters { layer: None }));
    let [(FromWorker::Filters(view), bulk)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((view.planes, bulk[0].len()), (1, view.filters * view.size[0] * view.size[1] * 4));

    let picture = PictureOf::Sample { split: SplitName::Test, index: 3 };
    let heard = played.ask(ToWorker::Look(Look::Activations { picture }));
    let [(FromWorker::Activations(view), bulk)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(bulk.len(), 1 + view.layers.len());
    for (layer, pixels) in view.layers.iter().zip(&bulk[1..]) {
        assert_eq!(pixels.len(), layer.channels * layer.size[0] * layer.size[1] * 4, "{layer:?}");
    }

    let heard = played.ask(ToWorker::Look(Look::Graph));
    let [(FromWorker::Graph(graph), _)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(graph.nodes.iter().filter(|node| node.parameter).count(), 10);
    assert!(said(&played.ask(ToWorker::Look(Look::Histograms)), |m| matches!(m, FromWorker::Histograms(_))));
    let heard = played.ask(ToWorker::Look(Look::Profile));
    assert!(said(&heard, |m| matches!(m, FromWorker::Profile(view) if view.note.is_some())), "no step was made");
    let own = vec![200u8; 10 * 20 * 4];
    let heard = played.ask_with(ToWorker::Classify { width: 10, height: 20 }, vec![own]);
    assert!(said(&heard, |m| matches!(m, FromWorker::Classified(_))), "{heard:?}");
    let heard = played.ask_with(ToWorker::Classify { width: 9, height: 20 }, vec![vec![0; 7]]);
    assert!(said(&heard, |m| matches!(m, FromWorker::Failed { run: None, .. })), "{heard:?}");

    let after = file(&played.ask(ToWorker::Save(FileKind::Checkpoint)));
    let read = |bytes: &[u8]| ModelFile::from_bytes(bytes, "a checkpoint").unwrap();
    assert_eq!(read(&after), read(&before));
}

#[test]
fn a_reload_goes_on_from_the_last_checkpoint_to_the_same_end() {
    let mut whole = Played::new();
    whole.shapes(128, 32);
    whole.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    whole.ask(ToWorker::Go(1));
    whole.advance();

    let mut first = Played::new();
    first.shapes(128, 32);
    first.ask(ToWorker::Begin { run: 1, spec: spec(2) });
    first.ask(ToWorker::Go(1));
    for _ in 0..3 {
        block_on(first.session.advance());
    }
    let heard = first.ask(ToWorker::Pause(1));
    assert!(said(&heard, |m| matches!(m, FromWorker::Checkpointed { run: 1, step: 3 })), "{heard:?}");
    let world = first.world.clone();
    drop(first);

    let mut second = Played::in_world(world.clone());
    assert!(said(&world.heard.take(), |m| matches!(m, FromWorker::CheckpointFound { step: 3, .. })));
    second.shapes(128, 32);
    let heard = second.ask(ToWorker::Resume { run: 2, from: ResumeFrom::Automatic });
    assert!(said(&heard, |m| matches!(m, FromWorker::Begun(b) if b.resumed_at.is_some_and(|at| at.step == 3))));
    second.ask(ToWorker::Go(2));
    second.advance();
    assert_eq!(second.confusion(), whole.confusion());
}

#[test]
fn bad_input_is_answered_by_a_sentence_and_the_run_goes_on() {
    let mut played = Played::new();
    let heard = played.ask(ToWorker::Begin { run: 1, spec: spec(1) });
    assert!(said(
        &heard,
        |m| matches!(m, FromWorker::Failed { run: Some(1), reason } if reason.contains("data first"))
    ));
    played.shapes(64, 16);
    played.ask(ToWorker::Begin { run: 2, spec: spec(1) });
    let heard = played.ask_with(ToWorker::Inspect { name: "x.safetensors".into() }, vec![b"no such thing".to_vec()]);
    assert!(said(&heard, |m| matches!(m, FromWorker::Failed { run: None, .. })), "{heard:?}");
    let heard = played.ask(ToWorker::Change { run: 2, change: LiveChange::Lr(-1.0) });
    assert!(said(&heard, |m| matches!(m, FromWorker::Failed { run: None, .. })), "{heard:?}");
    played.world.full.set(true);
    played.ask(ToWorker::Go(2));
    let heard = played.advance();
    assert!(said(&heard, |m| matches!(m, FromWorker::NotStored { .. })));
    assert!(said(&heard, |m| matches!(m, FromWorker::Ended { .. })), "{heard:?}");
}

/// CIFAR-10 files of `n` pictures each, in the official layout.
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
fn training_begins_before_the_data_has_arrived_and_ends_with_all_of_it() {
    let mut played = Played::new();
    let source = DataSource::new(DataKind::Cifar { hundred: false, url: None });
    let load = block_on(played.session.handle(ToWorker::OpenData(source), Vec::new())).unwrap();
    played.ask(ToWorker::Begin { run: 1, spec: TrainSpec { batch_size: 250, ..spec(3) } });
    played.ask(ToWorker::Go(1));
    assert!(!played.session.is_busy());
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
            Some(piece) => drop(block_on(played.session.arrived(load, piece))),
            None if !played.session.is_busy() => break,
            None => {}
        }
        if played.session.is_busy() {
            begun_at.get_or_insert(left);
            block_on(played.session.advance());
        }
    }
    let heard = played.world.heard.take();
    for (message, _) in &heard {
        if let FromWorker::Epoch { result, .. } = message {
            epochs.push((result.step, result.test.is_some()));
        }
    }
    assert!(begun_at.is_some_and(|left| left > 100), "begun with {begun_at:?} pieces to come");
    assert_eq!(epochs.len(), 3, "{epochs:?}");
    // The last epoch saw all five thousand.
    assert_eq!((epochs[2].0 - epochs[1].0, epochs[2].1), (20, true), "{epochs:?}");
    assert!(said(&heard, |m| matches!(m, FromWorker::DataReady(info) if info.complete && info.train == 5000)));
}

#[test]
fn kernels_are_measured_once_and_the_next_visit_knows_them() {
    if let Err(error) = block_on(Device::gpu()) {
        assert!(std::env::var_os("REQUIRE_GPU").is_none(), "REQUIRE_GPU is set: {error}");
        println!("1 skipped, no GPU: {error}");
        return;
    }
    let mut played = Played::new();
    played.ask(ToWorker::UseDevice(DeviceChoice::Gpu));
    played.shapes(80, 40);
    // Of so many rows that every adapter has more than one kernel worth measuring.
    played.ask(ToWorker::Begin { run: 1, spec: TrainSpec { batch_size: 40, ..spec(1) } });
    played.ask(ToWorker::Go(1));
    let heard = played.advance();
    let told = |heard: &Heard| {
        heard.iter().find_map(|(message, _)| match message {
            FromWorker::Kernels { choices } => Some(choices.clone()),
            _ => None,
        })
    };
    let choices = told(&heard).unwrap_or_else(|| panic!("no kernels in {heard:?}"));
    for choice in &choices {
        let fastest = choice.milliseconds.iter().map(|(_, ms)| *ms).fold(f64::INFINITY, f64::min);
        let (_, chosen) = choice.milliseconds.iter().find(|(name, _)| *name == choice.kernel).unwrap();
        assert!(choice.milliseconds.len() > 1 && *chosen <= fastest / 0.95, "{choice:?}");
    }
    let mut next = Played::in_world(played.world.clone());
    assert_eq!(told(&next.ask(ToWorker::UseDevice(DeviceChoice::Gpu))), Some(choices));
}

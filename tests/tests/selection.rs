//! The epoch that a run ends with: validation and test apart, the best weights, early stopping, and a plateau schedule
//! on one quantity; all of it the same when the run is interrupted.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::sync::Arc;

use kindling::data::{Dataset, Shapes, Subset};
use kindling::format::ModelFile;
use kindling::optim::schedule::Plateau;
use kindling::optim::{AdamOptions, OptimizerSpec, Schedule, SgdOptions};
use kindling::train::{
    EarlyStopping, Ending, EpochResult, Event, Keep, TrainSpec, Trainer, checkpoint_spec, evaluate, load_model,
    run_record,
};
use kindling::{Device, block_on};

/// Training, validation and test samples.
fn data() -> [Arc<dyn Dataset>; 3] {
    let held: Arc<dyn Dataset> = Arc::new(Shapes::new(0).test().generate(50));
    let part = |indices| -> Arc<dyn Dataset> { Arc::new(Subset::new(held.clone(), indices).unwrap()) };
    [Arc::new(Shapes::new(0).generate(40)), part((0..20).collect()), part((20..50).collect())]
}

/// Learns its few samples by heart soon, after which the loss on others rises.
fn spec() -> TrainSpec {
    TrainSpec {
        preset: Some("softmax".into()),
        optimizer: OptimizerSpec::Adam(AdamOptions { lr: 0.01, ..AdamOptions::default() }),
        batch_size: 20,
        epochs: 40,
        evaluate_every: 1,
        early_stopping: Some(EarlyStopping { patience: 2, min_delta: 0.0 }),
        ..TrainSpec::default()
    }
}

fn trainer(spec: TrainSpec, validated: bool) -> Trainer {
    let [train, validation, test] = data();
    let mut trainer = Trainer::new(spec, train, test, &Device::cpu()).unwrap();
    if validated {
        trainer.set_validation(validation).unwrap();
    }
    trainer
}

/// Runs to the end, or to the end of epoch `until`.
fn drive(trainer: &mut Trainer, until: Option<usize>) -> (Vec<EpochResult>, Option<Ending>) {
    let mut epochs = Vec::new();
    loop {
        match block_on(trainer.next()).unwrap() {
            Event::Epoch(result) => {
                let stop = Some(result.epoch) == until;
                epochs.push(result);
                if stop {
                    return (epochs, None);
                }
            }
            Event::Done(ending) => return (epochs, Some(ending)),
            Event::Step(_) | Event::Test { .. } => {}
        }
    }
}

fn losses(epochs: &[EpochResult]) -> Vec<f64> {
    epochs.iter().filter_map(|epoch| epoch.evaluation()).map(|evaluation| evaluation.loss).collect()
}

/// The epoch, from 1, of the lowest loss, and that loss.
fn lowest(losses: &[f64]) -> (usize, f64) {
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    (losses.iter().position(|loss| *loss == best).unwrap() + 1, best)
}

#[test]
fn the_best_weights_are_kept_by_the_validation_set() {
    for validated in [false, true] {
        let mut run = trainer(spec(), validated);
        let (epochs, ending) = drive(&mut run, None);
        assert_eq!(ending, Some(Ending::StoppedEarly));
        assert!(
            epochs.iter().all(|epoch| (epoch.validation.is_some(), epoch.test.is_some()) == (validated, !validated))
        );
        let (best, loss) = lowest(&losses(&epochs));
        assert_eq!(epochs.len(), best + 3, "two evaluations without improvement are tolerated");
        let selection = run.selection();
        assert_eq!((selection.epoch, selection.best_epoch, selection.best), (best, Some(best), Some(loss)));
        let metric = if validated { "validation_loss" } else { "test_loss" };
        assert_eq!(selection.metric.as_deref(), Some(metric));

        // The file has the weights of that epoch, whose result on the test set is told.
        let file = ModelFile::from_bytes(&block_on(run.model_file()).unwrap().to_bytes().unwrap(), "model").unwrap();
        let model = load_model(&file, &Device::cpu()).unwrap();
        let of = |data: &Arc<dyn Dataset>| {
            let loader = spec().test_loader(data, run.normalization(), &Device::cpu()).unwrap();
            block_on(evaluate(&model, &loader, &spec().loss, |_, _| {})).unwrap()
        };
        let [_, validation, test] = data();
        assert_eq!(of(if validated { &validation } else { &test }).loss, loss);
        assert_eq!(run.result(), Some(&of(&test)));
        assert_eq!(file.info.metrics[metric], loss);
        assert_eq!(file.info.metrics["test_loss"], of(&test).loss);
        assert_eq!(run_record(&file).unwrap().unwrap().selection, selection);
    }
}

#[test]
fn the_last_weights_are_kept_where_they_are_asked_for() {
    let last = TrainSpec { early_stopping: None, epochs: 12, ..spec() };
    for (keep, best) in [(None, false), (Some(Keep::Last), false), (Some(Keep::Best), true)] {
        let mut run = trainer(TrainSpec { keep, ..last.clone() }, false);
        let (epochs, _) = drive(&mut run, None);
        let (lowest, _) = lowest(&losses(&epochs));
        assert!(lowest < 12, "the loss rises at the end");
        assert_eq!(run.selection().epoch, if best { lowest } else { 12 });
        assert_eq!(run.selection().best_epoch, Some(lowest));
    }
}

#[test]
fn an_interrupted_run_keeps_and_stops_as_one_that_was_not() {
    for validated in [false, true] {
        let mut whole = trainer(spec(), validated);
        let (want, _) = drive(&mut whole, None);
        for until in 1..=want.len() {
            let mut first = trainer(spec(), validated);
            let (mut got, _) = drive(&mut first, Some(until));
            let bytes = block_on(first.checkpoint()).unwrap().to_bytes().unwrap();
            let file = ModelFile::from_bytes(&bytes, "checkpoint").unwrap();
            let [train, validation, test] = data();
            let mut second =
                Trainer::resume(&file, checkpoint_spec(&file).unwrap(), train, test, &Device::cpu()).unwrap();
            if validated {
                second.set_validation(validation).unwrap();
            }
            got.extend(drive(&mut second, None).0);
            assert_eq!(got, want, "interrupted after epoch {until}");
            assert_eq!(second.result(), whole.result());
            let file = |run: &Trainer| block_on(run.model_file()).unwrap().to_bytes().unwrap();
            assert!(file(&second) == file(&whole), "interrupted after epoch {until}");
        }
    }
}

#[test]
fn a_run_that_was_over_goes_on_from_its_last_weights() {
    let keep = TrainSpec { early_stopping: None, keep: Some(Keep::Best), epochs: 12, ..spec() };
    let mut whole = trainer(TrainSpec { epochs: 14, ..keep.clone() }, false);
    let (want, _) = drive(&mut whole, None);
    let mut run = trainer(keep.clone(), false);
    let (mut got, _) = drive(&mut run, None);
    assert!(run.selection().epoch < 12);
    // From a checkpoint that was made at the end, and in place.
    let file = block_on(run.checkpoint()).unwrap();
    run.set_epochs(14).unwrap();
    got.extend(drive(&mut run, None).0);
    assert_eq!(got, want);
    let [train, _, test] = data();
    let mut resumed = Trainer::resume(&file, TrainSpec { epochs: 14, ..keep }, train, test, &Device::cpu()).unwrap();
    assert_eq!(drive(&mut resumed, None).0, want[12..]);
}

/// The rates of epochs by PyTorch's ReduceLROnPlateau; a loss of `None` is an epoch after which it is not stepped.
fn plateau(losses: &[Option<f64>], mut lr: f64, factor: f64, patience: u64) -> Vec<f64> {
    let (mut best, mut bad) = (f64::INFINITY, 0);
    let mut rates = Vec::new();
    for loss in losses {
        rates.push(lr);
        let Some(loss) = loss else { continue };
        if *loss < best * (1.0 - 1e-4) {
            (best, bad) = (*loss, 0);
        } else {
            bad += 1;
        }
        if bad > patience {
            lr *= factor;
            bad = 0;
        }
    }
    rates
}

#[test]
fn a_plateau_is_stepped_on_one_quantity() {
    let schedule = Some(Schedule::Plateau(Plateau { factor: 0.5, patience: 0, ..Plateau::default() }));
    for (every, tested, epochs) in [(1, true, 12), (3, true, 20), (5, false, 12)] {
        let spec = TrainSpec {
            optimizer: OptimizerSpec::Sgd(SgdOptions { lr: 0.3, ..SgdOptions::default() }),
            schedule: schedule.clone(),
            early_stopping: None,
            evaluate_every: every,
            epochs,
            ..spec()
        };
        let [train, _, test] = data();
        let test: Arc<dyn Dataset> = if tested { test } else { Arc::new(Subset::first(test, 0)) };
        let mut run = Trainer::new(spec, train, test, &Device::cpu()).unwrap();
        let (epochs, _) = drive(&mut run, None);
        let stepped: Vec<Option<f64>> = epochs
            .iter()
            .map(|epoch| if tested { epoch.test.as_ref().map(|test| test.loss) } else { Some(epoch.train_loss) })
            .collect();
        let rates: Vec<f64> = epochs.iter().map(|epoch| epoch.lr).collect();
        assert_eq!(rates, plateau(&stepped, 0.3, 0.5, 0), "every {every}");
        assert!(rates.last() < rates.first(), "it falls at least once: {rates:?}");
    }
}

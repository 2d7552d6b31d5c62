//! Training runs: they learn, they come out the same, they go on from a checkpoint as if nothing had happened, and they
//! say where numbers went wrong.
#![cfg(not(target_arch = "wasm32"))]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should panic"))]

use std::sync::Arc;

use kindling::data::{Dataset, Images, Shapes};
use kindling::format::{ModelFile, TensorFile};
use kindling::nn::Module;
use kindling::optim::{AdamOptions, OptimizerSpec, Schedule, SgdOptions};
use kindling::train::{
    Augment, EarlyStopping, Ending, Evaluation, Event, ModelSpec, StepResult, TrainSpec, Trainer, checkpoint_spec,
    load_model,
};
use kindling::{Device, Result, Tensor, block_on};
use kindling_tests::devices::devices;

type Data = (Arc<dyn Dataset>, Arc<dyn Dataset>);

fn shapes(train: usize, test: usize) -> Data {
    (Arc::new(Shapes::new(0).generate(train)), Arc::new(Shapes::new(0).test().generate(test)))
}

fn small_net() -> ModelSpec {
    let text = "
        conv1: Conv2d(3, 4, 5, stride=2)
        bn1: BatchNorm2d(4)
        ReLU()
        MaxPool2d(2)
        Flatten()
        Dropout(0.2)
        fc: Linear(196, 10)";
    ModelSpec::from_text("small", &[3, 32, 32], text).unwrap()
}

fn spec() -> TrainSpec {
    TrainSpec {
        model: Some(small_net()),
        batch_size: 8,
        epochs: 3,
        evaluate_every: 2,
        augment: vec![
            Augment::RandomCrop { size: [32; 2], padding: 2 },
            Augment::RandomHorizontalFlip { p: 0.5 },
            Augment::RandomErasing { p: 0.3 },
        ],
        optimizer: OptimizerSpec::Adam(AdamOptions { lr: 0.003, ..AdamOptions::default() }),
        schedule: Some(Schedule::Exponential { gamma: 0.9 }),
        ..TrainSpec::default()
    }
}

/// What a run gave.
#[derive(Debug, Default, PartialEq)]
struct Told {
    steps: Vec<StepResult>,
    epochs: Vec<(f64, Option<Evaluation>)>,
    ending: Option<Ending>,
}

/// Runs until the end, or until `stop` steps have been made.
fn drive(trainer: &mut Trainer, stop: Option<u64>) -> Result<Told> {
    let mut told = Told::default();
    loop {
        match block_on(trainer.next())? {
            Event::Step(position) => {
                // At changing intervals: when losses are read must not matter.
                if position.step % 3 == 0 || trainer.pending() > 4 {
                    told.steps.extend(block_on(trainer.collect())?);
                }
                if Some(position.step) == stop {
                    return Ok(told);
                }
            }
            Event::Test { .. } => {}
            Event::Epoch(result) => {
                told.steps.extend(trainer.take_read());
                told.epochs.push((result.train_loss, result.test));
            }
            Event::Done(ending) => {
                told.ending = Some(ending);
                return Ok(told);
            }
        }
    }
}

fn bytes(trainer: &Trainer) -> Vec<u8> {
    block_on(trainer.model_file()).unwrap().to_bytes().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    for device in devices() {
        let run = |seed: u64| {
            let (train, test) = shapes(44, 20);
            let mut trainer = Trainer::new(TrainSpec { seed, ..spec() }, train, test, &device).unwrap();
            let told = drive(&mut trainer, None).unwrap();
            (told, bytes(&trainer))
        };
        let (told, model) = run(1);
        assert_eq!((told.steps.len(), told.epochs.len(), told.ending), (18, 3, Some(Ending::Finished)));
        assert_eq!(told.steps.iter().map(|s| s.step).collect::<Vec<_>>(), (1..=18).collect::<Vec<_>>());
        // Tested after the second epoch, and after the last.
        assert_eq!(told.epochs.iter().map(|(_, test)| test.is_some()).collect::<Vec<_>>(), [false, true, true]);
        let (again, same_model) = run(1);
        assert_eq!(told, again);
        assert!(model == same_model);
        assert_ne!(told.steps[0].loss, run(2).0.steps[0].loss);
    }
}

#[test]
fn deep_presets_learn() {
    for name in ["mobilenet", "resnet20-gn"] {
        let (train, test) = shapes(4, 2);
        let spec = TrainSpec {
            preset: Some(name.to_owned()),
            batch_size: 4,
            epochs: 4,
            evaluate_every: 4,
            optimizer: OptimizerSpec::Adam(AdamOptions { lr: 0.003, ..AdamOptions::default() }),
            ..TrainSpec::default()
        };
        let told = drive(&mut Trainer::new(spec, train, test, &Device::cpu()).unwrap(), None).unwrap();
        let losses: Vec<f64> = told.steps.iter().map(|step| step.loss).collect();
        assert!(losses[3] < 0.8 * losses[0], "{name}: {losses:?}");
    }
}

#[test]
fn a_run_that_goes_on_is_the_run_that_was_not_interrupted() {
    for device in devices() {
        for stop in [1, 5, 6, 7, 13] {
            let (train, test) = shapes(44, 20);
            let mut whole = Trainer::new(spec(), train.clone(), test.clone(), &device).unwrap();
            let want = drive(&mut whole, None).unwrap();

            let mut first = Trainer::new(spec(), train.clone(), test.clone(), &device).unwrap();
            let mut got = drive(&mut first, Some(stop)).unwrap();
            let file = block_on(first.checkpoint()).unwrap().to_bytes().unwrap();
            got.steps.extend(first.take_read());
            drop(first);
            let file = ModelFile::from_bytes(&file, "checkpoint").unwrap();
            let spec = checkpoint_spec(&file).unwrap();
            let mut second = Trainer::resume(&file, spec, train, test, &device).unwrap();
            assert_eq!(second.position().step, stop);
            let rest = drive(&mut second, None).unwrap();
            got.steps.extend(rest.steps);
            got.epochs.extend(rest.epochs);
            assert_eq!(got.steps, want.steps, "stopped at step {stop}");
            assert_eq!(got.epochs, want.epochs, "stopped at step {stop}");
            assert!(bytes(&second) == bytes(&whole), "stopped at step {stop}");
        }
    }
}

#[test]
fn a_checkpoint_of_every_optimizer_goes_on() {
    let (train, test) = shapes(24, 10);
    for name in OptimizerSpec::NAMES {
        let optimizer = OptimizerSpec::from_json(&format!("{{\"name\": \"{name}\"}}")).unwrap();
        let spec = TrainSpec { optimizer, epochs: 2, ..spec() };
        let mut whole = Trainer::new(spec.clone(), train.clone(), test.clone(), &Device::cpu()).unwrap();
        let want = drive(&mut whole, None).unwrap();
        let mut first = Trainer::new(spec.clone(), train.clone(), test.clone(), &Device::cpu()).unwrap();
        drive(&mut first, Some(2)).unwrap();
        let file = block_on(first.checkpoint()).unwrap();
        let mut second = Trainer::resume(&file, spec, train.clone(), test.clone(), &Device::cpu()).unwrap();
        let got = drive(&mut second, None).unwrap();
        assert_eq!(got.steps, want.steps[2..], "{name}");
    }
}

#[test]
fn a_saved_model_gives_the_same_results() {
    for device in devices() {
        let (train, test) = shapes(40, 30);
        let mut trainer = Trainer::new(spec(), train, test.clone(), &device).unwrap();
        let told = drive(&mut trainer, None).unwrap();
        let file = ModelFile::from_bytes(&bytes(&trainer), "model").unwrap();
        assert_eq!(file.info.classes[8], "star");
        assert_eq!(file.info.input, [3, 32, 32]);
        assert_eq!(file.tensors["conv1.weight"].shape.to_vec(), [4, 3, 5, 5]);
        assert!(file.tensors.contains_key("bn1.running_mean") && file.tensors.contains_key("bn1.num_batches_tracked"));
        let model = load_model(&file, &device).unwrap();
        let normalization = file.info.normalization.clone().unwrap();
        let loader = spec().test_loader(&test, &normalization, &device).unwrap();
        let mut seen = Vec::new();
        let again =
            block_on(kindling::train::evaluate(&model, &loader, &spec().loss, |done, of| seen.push((done, of))));
        assert_eq!(Some(again.unwrap()), told.epochs.last().unwrap().1);
        assert_eq!(seen, [(1, 1)]);
        assert_eq!(
            file.info.metrics["test_accuracy"],
            told.epochs.last().unwrap().1.as_ref().unwrap().accuracy.unwrap()
        );
        // It is no checkpoint, and says so.
        assert!(checkpoint_spec(&file).unwrap_err().to_string().contains("no checkpoint"));
    }
}

#[test]
fn it_learns() {
    let (train, _) = shapes(100, 0);
    let text = "conv1: Conv2d(3, 8, 5, stride=2)\nReLU()\nMaxPool2d(2)\nFlatten()\nfc: Linear(392, 10)";
    let model = Some(ModelSpec::from_text("small", &[3, 32, 32], text).unwrap());
    let spec = TrainSpec { model, epochs: 20, evaluate_every: 20, augment: Vec::new(), schedule: None, ..spec() };
    // Tested on what it was trained on: whether it can learn these by heart, not whether it understands.
    let mut trainer = Trainer::new(spec, train.clone(), train, &Device::cpu()).unwrap();
    let told = drive(&mut trainer, None).unwrap();
    let (first, last) = (told.epochs[0].0, told.epochs[19].0);
    assert!(last < 0.5 * first, "the loss went from {first} to {last}");
    let test = told.epochs[19].1.as_ref().unwrap();
    assert!(test.accuracy.is_some_and(|accuracy| accuracy > 0.8), "{test:?}");
    assert_eq!(test.samples(), 100);
    let hits: u64 = (0..10).map(|i| test.confusion[i][i]).sum();
    assert_eq!(Some(hits as f64 / 100.0), test.accuracy);
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_names_the_place() {
    for device in devices() {
        let (train, test) = shapes(44, 20);
        let wild = TrainSpec {
            optimizer: OptimizerSpec::Sgd(SgdOptions { lr: 1e30, ..SgdOptions::default() }),
            augment: Vec::new(),
            ..spec()
        };
        let mut trainer = Trainer::new(wild, train.clone(), test.clone(), &device).unwrap();
        let error = drive(&mut trainer, None).unwrap_err().to_string();
        assert!(error.contains("at step") && error.contains("(epoch 1, batch "), "{error}");
        assert!(error.contains("conv1") || error.contains("bn1") || error.contains("fc"), "{error}");
        // The run is as it was when all was well: its weights are numbers, and it can be saved.
        let file = block_on(trainer.checkpoint()).unwrap();
        assert!(file.tensors.values().all(|t| t.data.to_f64().iter().all(|x| x.is_finite())));

        // The layer itself: an overflow in the middle of the net.
        let mut trainer = Trainer::new(spec(), train, test, &device).unwrap();
        let weight = trainer.model().named_parameters().into_iter().find(|(name, _)| name == "fc.weight").unwrap().1;
        kindling::no_grad(|| weight.set_(&Tensor::full([10, 196], 3e38, &device)?)).unwrap();
        let error = drive(&mut trainer, None).unwrap_err().to_string();
        assert!(error.contains("at step 1 (epoch 1, batch 1); it began in layer fc"), "{error}");
    }
}

#[test]
fn early_stopping_bears_what_it_was_told_to() {
    let (train, test) = shapes(16, 10);
    let spec = TrainSpec {
        optimizer: OptimizerSpec::Sgd(SgdOptions { lr: 0.0, ..SgdOptions::default() }),
        model: None,
        preset: Some("softmax".into()),
        epochs: 50,
        evaluate_every: 1,
        early_stopping: Some(EarlyStopping { patience: 2, min_delta: 0.0 }),
        schedule: None,
        ..spec()
    };
    let mut trainer = Trainer::new(spec, train, test, &Device::cpu()).unwrap();
    let told = drive(&mut trainer, None).unwrap();
    // The first is the best, two more without improvement are borne, the next is one too many.
    assert_eq!((told.epochs.len(), told.ending), (4, Some(Ending::StoppedEarly)));
}

#[test]
fn what_does_not_fit_is_refused_before_training() {
    let cpu = Device::cpu();
    let (train, test) = shapes(8, 8);
    let refused = |spec: TrainSpec, data: &Data| {
        Trainer::new(spec, data.0.clone(), data.1.clone(), &cpu).err().map(|e| e.to_string()).unwrap_or_default()
    };
    let data = (train.clone(), test.clone());
    let error = refused(TrainSpec { batch_size: 0, ..spec() }, &data);
    assert!(error.contains("batch_size"), "{error}");
    let error =
        refused(TrainSpec { augment: vec![Augment::RandomCrop { size: [28; 2], padding: 0 }], ..spec() }, &data);
    assert!(error.contains("RandomCrop") && error.contains("28×28") && error.contains("32×32"), "{error}");
    let grey: Arc<dyn Dataset> = Arc::new(Images::new([1, 32, 32], vec!["a".into()]));
    assert!(refused(spec(), &(train.clone(), grey.clone())).contains("test samples"));
    assert!(refused(spec(), &(grey, test.clone())).contains("no samples"));
    let mut data_spec = spec();
    data_spec.data.mean = Some(vec![0.5; 3]);
    assert!(refused(data_spec, &data).contains("go together"));

    // A checkpoint of other data, or of nothing.
    let mut trainer = Trainer::new(spec(), train, test.clone(), &cpu).unwrap();
    let file = block_on(trainer.checkpoint()).unwrap();
    let other = shapes(9, 8);
    let error = Trainer::resume(&file, spec(), other.0, other.1, &cpu).err().unwrap().to_string();
    assert!(error.contains("8 samples") && error.contains("9"), "{error}");
    let mut broken = file.clone();
    broken.tensors.remove("fc.weight");
    let error = load_model(&broken, &cpu).err().unwrap().to_string();
    assert!(error.contains("fc.weight"), "{error}");
    assert!(TensorFile::from_bytes(&file.to_bytes().unwrap()[..100], "cut").is_err());
}

#[test]
fn a_steady_step_allocates_nothing() {
    for device in devices() {
        let (train, test) = shapes(96, 8);
        let spec = TrainSpec { epochs: 2, augment: spec().augment[..2].to_vec(), ..spec() };
        let mut trainer = Trainer::new(spec, train, test, &device).unwrap();
        let mut before = None;
        loop {
            match block_on(trainer.next()).unwrap() {
                Event::Step(position) if position.epoch == 0 => {
                    block_on(trainer.collect()).unwrap();
                    if position.batch < 4 {
                        continue;
                    }
                    let now = device.counters();
                    let before = before.get_or_insert(now);
                    assert_eq!(now.plans_created, before.plans_created, "batch {}", position.batch);
                    assert_eq!(now.pipelines_created, before.pipelines_created);
                    assert_eq!(now.buffers_created, before.buffers_created, "batch {}", position.batch);
                    assert_eq!(now.bind_groups_created, before.bind_groups_created);
                }
                Event::Epoch(_) => break,
                _ => {}
            }
        }
    }
}

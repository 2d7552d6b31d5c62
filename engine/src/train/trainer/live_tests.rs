//! Tests of changes during training, and of inspection, which must not change a step.

use std::sync::Arc;

use super::*;
use crate::data::{Shapes, Subset};
use crate::optim::{Schedule, SgdOptions};
use crate::train::{Event, TrainSpec};
use crate::{Device, block_on};

fn trainer(spec: TrainSpec) -> Trainer {
    let (train, test) = (Shapes::new(0).generate(64), Shapes::new(0).test().generate(16));
    Trainer::new(spec, Arc::new(train), Arc::new(test), &Device::cpu()).unwrap()
}

fn spec() -> TrainSpec {
    let sgd = SgdOptions { lr: 0.1, momentum: 0.9, ..SgdOptions::default() };
    TrainSpec {
        preset: Some("softmax".into()),
        optimizer: OptimizerSpec::Sgd(sgd),
        batch_size: 16,
        epochs: 2,
        evaluate_every: 1,
        ..TrainSpec::default()
    }
}

fn losses(trainer: &mut Trainer, steps: usize) -> Vec<f64> {
    let mut done = 0;
    while done < steps {
        done += usize::from(matches!(block_on(trainer.next()).unwrap(), Event::Step(_)));
    }
    block_on(trainer.collect()).unwrap().iter().map(|result| result.loss).collect()
}

#[test]
fn a_rate_of_zero_changes_nothing_and_a_schedule_continues_from_a_change() {
    let mut stopped = trainer(spec());
    stopped.set_lr(0.0).unwrap();
    stopped.set_momentum(0.0).unwrap();
    let before = block_on(stopped.evaluate(|_, _| {})).unwrap();
    losses(&mut stopped, 3);
    assert_eq!(block_on(stopped.evaluate(|_, _| {})).unwrap(), before);
    assert!(stopped.set_lr(f64::NAN).is_err() && stopped.set_momentum(-0.5).is_err());

    let schedule = Some(Schedule::Step { step_size: 1, gamma: 0.5 });
    let mut scheduled = trainer(TrainSpec { schedule, schedule_by_epoch: false, ..spec() });
    losses(&mut scheduled, 1);
    assert!((scheduled.lr() - 0.05).abs() < 1e-12);
    scheduled.set_lr(0.2).unwrap();
    losses(&mut scheduled, 1);
    assert!((scheduled.lr() - 0.1).abs() < 1e-12, "{}", scheduled.lr());
}

#[test]
fn sizes_and_data_change_between_epochs_only() {
    let mut trainer = trainer(spec());
    trainer.set_weight_decay(0.01).unwrap();
    assert!(trainer.spec().optimizer.attrs().unwrap()["weight_decay"] == 0.01);
    losses(&mut trainer, 1);
    assert!(!trainer.is_between_epochs());
    assert!(trainer.set_batch_size(8).is_err());
    assert_eq!(trainer.spec().batch_size, 16);
    while !matches!(block_on(trainer.next()).unwrap(), Event::Epoch(_)) {}
    assert_eq!(trainer.take_read().len(), 3);
    trainer.set_batch_size(8).unwrap();
    assert_eq!(trainer.position().batches, 8);
    let fewer: Arc<dyn Dataset> = Arc::new(Subset::first(trainer.train_loader().dataset().clone(), 24));
    trainer.set_data(fewer, trainer.test_loader().dataset().clone()).unwrap();
    assert_eq!(losses(&mut trainer, 3).len(), 3);
    assert!(matches!(block_on(trainer.next()).unwrap(), Event::Test { .. }));
    assert!(trainer.set_epochs(1).is_err());
}

#[test]
fn an_inspected_step_is_the_same_step() {
    let (mut plain, mut inspected) = (trainer(spec()), trainer(spec()));
    inspected.inspect_next_step();
    assert_eq!(losses(&mut inspected, 1), losses(&mut plain, 1));
    let details = block_on(inspected.take_step_details()).unwrap().unwrap();
    assert_eq!((details.step, details.labels.len(), details.inputs.1), (1, 16, vec![16, 3, 32, 32]));
    let layer = details.layers.iter().find_map(|layer| layer.parameters).unwrap();
    assert!(layer.iter().all(|norm| *norm > 0.0), "{layer:?}");
    assert_eq!(details.graph.nodes.iter().filter(|node| node.parameter).count(), 2);
    assert_eq!(block_on(inspected.graph()).unwrap().nodes.len(), details.graph.nodes.len());
    assert!(block_on(inspected.take_step_details()).unwrap().is_none());
    assert_eq!(losses(&mut inspected, 4), losses(&mut plain, 4));
}

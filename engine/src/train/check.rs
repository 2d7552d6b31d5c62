//! Checks before the first step: settings against the data and the model.

use super::{Augment, ModelSpec, TrainSpec};
use crate::data::transforms::Transform;
use crate::data::{Dataset, Task};
use crate::format::Normalization;
use crate::nn::times;
use crate::optim::Schedule;
use crate::optim::schedule::PlateauMode;
use crate::{Error, Result};

/// Checks the settings, and the two splits against each other.
pub(super) fn check(spec: &TrainSpec, train: &dyn Dataset, test: &dyn Dataset) -> Result<()> {
    spec.check()?;
    if train.is_empty() {
        return Err(Error::value("train", "there are no samples to train on"));
    }
    check_same_kind(train, test, "test")?;
    spec.loss.check_task(train.task(), test.task())?;
    if let (Some(Schedule::Plateau(plateau)), Task::Regression) = (&spec.schedule, train.task())
        && plateau.mode == PlateauMode::Max
    {
        let rule = "the mode max compares accuracies, and a quantity has none: use the mode min, which compares losses";
        return Err(Error::value("ReduceLROnPlateau", rule));
    }
    Ok(())
}

/// Checks that samples have the shape, classes and task of the training set.
pub(super) fn check_same_kind(train: &dyn Dataset, other: &dyn Dataset, name: &str) -> Result<()> {
    if train.shape() == other.shape() && train.classes() == other.classes() {
        return Ok(());
    }
    let rule = format!(
        "training samples are {:?} of {} classes, {name} samples {:?} of {}",
        train.shape(),
        train.classes().len(),
        other.shape(),
        other.classes().len()
    );
    Err(Error::shape("train", rule))
}

/// Returns the shape of the model's inputs. Evaluation uses whole images, so augmentation must not
/// change their size.
///
/// # Errors
/// A crop has another size than the images.
pub(super) fn input_shape(spec: &TrainSpec, shape: &[usize]) -> Result<Vec<usize>> {
    if let &[_, height, width] = shape {
        let size = spec.train_transform(&Normalization::default())?.output([height, width])?;
        if size != [height, width] {
            let crop = spec.augment.iter().find(|augment| matches!(augment, Augment::RandomCrop { .. }));
            let padding = match crop {
                Some(Augment::RandomCrop { padding, .. }) => *padding,
                _ => 0,
            };
            let rule = format!(
                "RandomCrop: crops are {}, with a padding of {padding}, but the images are {}, and evaluation sees \
                 them whole; make size and images equal",
                times(&size),
                times(&[height, width])
            );
            return Err(Error::shape("augment", rule));
        }
    }
    Ok(shape.to_vec())
}

/// Refuses batches that would fail during the run: none, or of one sample where a batch
/// normalization needs two values.
pub(super) fn check_batches(spec: &TrainSpec, model: &ModelSpec, samples: usize) -> Result<()> {
    let batch = spec.batch_size;
    let refuse = |rule: String| Err(Error::value("train", rule));
    if spec.drop_last && samples < batch {
        return refuse(format!(
            "drop_last leaves out batches of fewer than {batch} samples (the batch size), and there are {samples} in \
             all: nothing is left to train on"
        ));
    }
    let last = if spec.drop_last { 0 } else { samples % batch };
    if batch != 1 && last != 1 {
        return Ok(());
    }
    let single =
        |row: &super::model::Row| row.kind.starts_with("BatchNorm") && row.input.iter().skip(1).product::<usize>() == 1;
    let summary = model.summary();
    let Some(norm) = summary.rows.iter().find(|row| single(row)) else { return Ok(()) };
    let why = format!("{} ({}) needs more than one value per channel to train", norm.kind, norm.name);
    if batch == 1 {
        return refuse(format!("{why}, and the batch size is 1; set batch_size to at least 2"));
    }
    refuse(format!(
        "{why}, and the last batch of {samples} samples in batches of {batch} has one; set drop_last, or another \
         batch_size"
    ))
}

/// Refuses a run that is longer than its schedule.
pub(super) fn check_schedule(spec: &TrainSpec, done: u64, batches: usize, position: super::Position) -> Result<()> {
    let Some(total) = spec.schedule.as_ref().and_then(crate::optim::Schedule::total_steps) else { return Ok(()) };
    let epochs = spec.epochs.saturating_sub(position.epoch) as u64;
    let left = match spec.schedule_by_epoch {
        true => epochs,
        false => epochs.saturating_mul(batches as u64).saturating_sub(position.batch as u64),
    };
    if done.saturating_add(left) <= total {
        return Ok(());
    }
    let unit = if spec.schedule_by_epoch { "epochs" } else { "batches" };
    let rule = format!(
        "OneCycleLR is planned for total_steps = {total} {unit}; {done} are over and {left} are to come. Give a \
         schedule for the rest, or fewer epochs"
    );
    Err(Error::value("schedule", rule))
}

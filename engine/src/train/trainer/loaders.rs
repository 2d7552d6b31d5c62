//! The data of a run: training, test and validation set with their loaders, all in one scale, and
//! the epoch in progress. The part knows no model.

use std::rc::Rc;
use std::sync::Arc;

use crate::data::{Columns, DataLoader, Dataset, Epoch, Preprocessing, SplitRecord, TargetScale, Task};
use crate::format::Normalization;
use crate::train::check::check_same_kind;
use crate::train::{DataRecord, Position, SplitDigest, TrainSpec};
use crate::{Device, Error, Result, Tensor};

pub(super) struct Loaders {
    device: Device,
    normalization: Normalization,
    target_scale: TargetScale,
    train: Rc<DataLoader>,
    test: Rc<DataLoader>,
    /// Loader of the validation set, by which epochs are compared; the test set if `None`.
    validation: Option<Rc<DataLoader>>,
    split: Option<SplitRecord>,
    epoch: Option<Epoch<Rc<DataLoader>>>,
}

/// Returns the scales of inputs and targets by the statistics of a training set.
pub(super) fn scales(spec: &TrainSpec, train: &dyn Dataset) -> Result<(Normalization, TargetScale)> {
    Ok((spec.normalization(train)?, TargetScale::from_targets(train)?))
}

impl Loaders {
    pub fn new(
        spec: &TrainSpec,
        (normalization, target_scale): (Normalization, TargetScale),
        train: &Arc<dyn Dataset>,
        test: &Arc<dyn Dataset>,
        device: &Device,
    ) -> Result<Self> {
        Ok(Self {
            train: Rc::new(spec.train_loader(train, &normalization, device)?.target_scale(target_scale)),
            test: Rc::new(spec.test_loader(test, &normalization, device)?.target_scale(target_scale)),
            validation: None,
            split: None,
            epoch: None,
            device: device.clone(),
            normalization,
            target_scale,
        })
    }

    pub fn train(&self) -> &DataLoader {
        &self.train
    }

    pub fn test(&self) -> &DataLoader {
        &self.test
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    pub fn normalization(&self) -> &Normalization {
        &self.normalization
    }

    /// Returns the loader of the set by which epochs are compared; `None` without samples.
    pub fn compared(&self) -> Option<&Rc<DataLoader>> {
        self.validation.as_ref().or((!self.test.is_empty()).then_some(&self.test))
    }

    /// Returns the loader of a test set that is evaluated only at the end of the run.
    pub fn deferred(&self) -> Option<&Rc<DataLoader>> {
        (self.validation.is_some() && !self.test.is_empty()).then_some(&self.test)
    }

    pub fn has_validation(&self) -> bool {
        self.validation.is_some()
    }

    /// Returns the next batch of the run: inputs and labels; `None` at the end of the epoch.
    pub fn next(&mut self, position: Position) -> Result<Option<(Tensor, Tensor)>> {
        let epoch = match &mut self.epoch {
            Some(epoch) => epoch,
            none => none.insert(Epoch::over(self.train.clone(), position.epoch as u64, position.batch)?),
        };
        epoch.next().transpose()
    }

    /// Returns a batch of the run without advancing it.
    pub fn batch_at(&self, epoch: usize, batch: usize) -> Result<Option<(Tensor, Tensor)>> {
        Epoch::over(self.train.clone(), epoch as u64, batch)?.next().transpose()
    }

    /// Leaves the epoch in progress; the next batch is that of the position then given.
    pub fn rewind(&mut self) {
        self.epoch = None;
    }

    /// Checks that data has the shape and the number of classes of the run's, and training samples.
    pub fn check(&self, train: &dyn Dataset, test: &dyn Dataset) -> Result<()> {
        let known = self.train.dataset();
        let fits = |data: &dyn Dataset| data.shape() == known.shape() && data.classes().len() == known.classes().len();
        if !train.is_empty() && fits(train) && fits(test) {
            return Ok(());
        }
        let rule = format!(
            "the run learns from samples of {:?} in {} classes; {} samples of {:?} in {} do not fit",
            known.shape(),
            known.classes().len(),
            train.len(),
            train.shape(),
            train.classes().len()
        );
        Err(Error::shape("set_data", rule))
    }

    /// Replaces training and test data, in the same scale.
    pub fn replace(&mut self, spec: &TrainSpec, train: &Arc<dyn Dataset>, test: &Arc<dyn Dataset>) -> Result<()> {
        let scales = (self.normalization.clone(), self.target_scale);
        let Self { train, test, .. } = Self::new(spec, scales, train, test, &self.device)?;
        (self.train, self.test, self.epoch) = (train, test, None);
        Ok(())
    }

    /// Sets the validation set, unless it is empty.
    pub fn set_validation(&mut self, spec: &TrainSpec, validation: &Arc<dyn Dataset>) -> Result<()> {
        check_same_kind(self.train.dataset().as_ref(), validation.as_ref(), "validation")?;
        if !validation.is_empty() {
            let loader = spec.test_loader(validation, &self.normalization, &self.device)?;
            self.validation = Some(Rc::new(loader.target_scale(self.target_scale)));
        }
        Ok(())
    }

    pub fn set_split(&mut self, split: Option<SplitRecord>) {
        self.split = split;
    }

    /// Returns the identity of the samples.
    pub fn record(&self) -> Result<DataRecord> {
        let digest = |loader: &DataLoader| SplitDigest::from_dataset(loader.dataset().as_ref());
        let validation = self.validation.as_deref().map(digest).transpose()?;
        Ok(DataRecord {
            shape: self.train.dataset().shape().to_vec(),
            train: digest(&self.train)?,
            validation,
            test: digest(&self.test)?,
            split: self.split.clone(),
        })
    }

    /// Returns the name of the metric by which epochs are compared; `None` without evaluations.
    pub fn metric(&self) -> Option<&'static str> {
        self.compared().map(|_| if self.has_validation() { "validation_loss" } else { "test_loss" })
    }

    /// Returns the preprocessing of images of this shape; `None` for other inputs.
    pub fn preprocessing(&self, input: &[usize]) -> Option<Preprocessing> {
        let &[channels, height, width] = input else { return None };
        let steps = Preprocessing::new([channels, height, width], Some(&self.normalization));
        steps.check().is_ok().then_some(steps)
    }

    /// Returns the columns of the run's table, with the scale of its targets.
    pub fn columns(&self) -> Option<Columns> {
        let mut columns = self.train.dataset().columns()?.clone();
        columns.target_scale = (columns.task == Task::Regression).then_some(self.target_scale);
        Some(columns)
    }
}

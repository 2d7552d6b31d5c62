//! Transforms and loaders of a run, from its specification.

use std::sync::Arc;

use super::{Augment, TrainSpec};
use crate::data::transforms::{
    ColorJitter, Compose, Normalize, RandomAffine, RandomCrop, RandomErasing, RandomHorizontalFlip, RandomVerticalFlip,
    Transform,
};
use crate::data::{DataLoader, Dataset, mean_std};
use crate::format::Normalization;
use crate::{Device, Error, Result};

/// Minimum batch size of evaluations, which need no memory for gradients.
const TEST_BATCH: usize = 256;

impl Augment {
    fn transform(&self) -> Result<Box<dyn Transform>> {
        Ok(match self {
            Self::RandomCrop { size, padding } => Box::new(RandomCrop::new(*size).padding(*padding)),
            Self::RandomHorizontalFlip { p } => Box::new(RandomHorizontalFlip::new(*p)),
            Self::RandomVerticalFlip { p } => Box::new(RandomVerticalFlip::new(*p)),
            Self::ColorJitter { brightness, contrast, saturation, hue } => {
                Box::new(ColorJitter::new(*brightness, *contrast, *saturation, *hue)?)
            }
            Self::RandomAffine { degrees, translate, scale } => {
                let affine = RandomAffine::new(*degrees)?;
                let affine = translate.map_or(Ok(affine.clone()), |parts| affine.translate(parts))?;
                Box::new(scale.map_or(Ok(affine.clone()), |factors| affine.scale(factors))?)
            }
            Self::RandomErasing { p } => Box::new(RandomErasing::new(*p)?),
        })
    }
}

impl TrainSpec {
    /// Returns mean and standard deviation of each channel: as specified, else computed from the
    /// training set.
    ///
    /// # Errors
    /// Only one of the two is specified, or for another number of channels; or the data cannot be
    /// read.
    pub fn normalization(&self, train: &dyn Dataset) -> Result<Normalization> {
        let channels = train.shape().first().copied().unwrap_or(0);
        let normalization = match (&self.data.mean, &self.data.std) {
            (Some(mean), Some(std)) => Normalization { mean: mean.clone(), std: std.clone() },
            (None, None) => {
                // Constant channels are not scaled.
                let usable = |(mean, std): (f64, f64)| (mean, if std > 0.0 { std } else { 1.0 });
                let (mean, std) = mean_std(train)?.into_iter().map(usable).unzip();
                Normalization { mean, std }
            }
            _ => return Err(Error::value("train", "data.mean and data.std go together: give both or none")),
        };
        if normalization.mean.len() != channels {
            let rule = format!("{} means were given for data with {channels} channels", normalization.mean.len());
            return Err(Error::value("train", rule));
        }
        Ok(normalization)
    }

    /// Returns the transforms of training samples.
    ///
    /// # Errors
    /// An argument is out of its range.
    pub fn train_transform(&self, normalization: &Normalization) -> Result<Compose> {
        let mut transform = Compose::new();
        // Erased elements are 0 after normalization, that is gray, as in torchvision's references.
        let erases = |augment: &&Augment| matches!(augment, Augment::RandomErasing { .. });
        for augment in self.augment.iter().filter(|a| !erases(a)) {
            transform.push(augment.transform()?);
        }
        transform = transform.then(Normalize::new(&normalization.mean, &normalization.std)?);
        for augment in self.augment.iter().filter(erases) {
            transform.push(augment.transform()?);
        }
        Ok(transform)
    }

    /// Creates the loader of the training samples.
    ///
    /// # Errors
    /// As [`TrainSpec::train_transform`].
    pub fn train_loader(
        &self,
        data: &Arc<dyn Dataset>,
        normalization: &Normalization,
        device: &Device,
    ) -> Result<DataLoader> {
        Ok(DataLoader::new(data.clone())
            .batch_size(self.batch_size)
            .drop_last(self.drop_last)
            .shuffle(self.data.shuffle)
            .seed(self.seed)
            .transform(self.train_transform(normalization)?)
            .workers(usize::from(data.whole().is_none() && data.part_of().is_none()))
            .device(device))
    }

    /// Creates the loader of the test samples: in order, normalized, not augmented.
    ///
    /// # Errors
    /// A standard deviation is not above 0.
    pub fn test_loader(
        &self,
        data: &Arc<dyn Dataset>,
        normalization: &Normalization,
        device: &Device,
    ) -> Result<DataLoader> {
        // State dicts of other programs may have no normalization.
        let transform = match normalization.mean.is_empty() {
            true => Compose::new(),
            false => Compose::new().then(Normalize::new(&normalization.mean, &normalization.std)?),
        };
        Ok(DataLoader::new(data.clone())
            .batch_size(self.batch_size.max(TEST_BATCH))
            .transform(transform)
            .device(device))
    }
}

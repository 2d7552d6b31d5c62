//! `Normalize`: (x − mean) / std for each channel.

use super::Transform;
use crate::data::Random;
use crate::{Error, Result, Tensor};

/// Normalizes each channel: `(x − mean) / std`.
/// [Normalize](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Normalize.html)
#[derive(Clone, Debug, PartialEq)]
pub struct Normalize {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl Normalize {
    /// Creates the transform with these means and standard deviations.
    ///
    /// # Errors
    /// Another number of means than of deviations, or a deviation that is not above 0.
    pub fn new(mean: &[f64], std: &[f64]) -> Result<Self> {
        if mean.len() != std.len() || std.iter().any(|std| *std <= 0.0 || !std.is_finite()) {
            let rule = format!("needs a positive standard deviation for each mean, got {mean:?} and {std:?}");
            return Err(Error::value("Normalize", rule));
        }
        Ok(Self { mean: mean.to_vec(), std: std.to_vec() })
    }

    /// Returns the means.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Returns the standard deviations.
    pub fn std(&self) -> &[f64] {
        &self.std
    }
}

impl Transform for Normalize {
    fn apply(&self, batch: &Tensor, _random: &[Random]) -> Result<Tensor> {
        let channels = self.mean.len();
        if batch.dims().get(1) != Some(&channels) {
            let rule = format!("has means of {channels} channels, the batch has the shape {}", batch.shape());
            return Err(Error::shape("Normalize", rule));
        }
        let mut shape = vec![1; batch.ndim()];
        shape[1] = channels;
        let tensor = |values: &[f64]| {
            let values: Vec<f32> = values.iter().map(|x| *x as f32).collect();
            Tensor::from_slice(&values, shape.as_slice(), &batch.device())
        };
        batch.sub(&tensor(&self.mean)?)?.div(&tensor(&self.std)?)
    }

    fn normalization(&self) -> Option<&Normalize> {
        Some(self)
    }
}

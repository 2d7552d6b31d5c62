//! Images of one size in memory, as bytes: the result of every reader of image files, and the form
//! on the device during training. The module knows no files.

use std::ops::Range;

use super::dataset::{Dataset, Samples, Whole, no_sample};
use crate::{Error, Result};

/// Labelled images of one size, channels first, one byte per value.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    shape: [usize; 3],
    pixels: Vec<u8>,
    labels: Vec<u32>,
    classes: Vec<String>,
}

impl Images {
    /// Creates an empty set of images of `channels`×`height`×`width`.
    pub fn new(shape: [usize; 3], classes: Vec<String>) -> Self {
        Self { shape, pixels: Vec::new(), labels: Vec::new(), classes }
    }

    /// Reserves memory for `n` more images.
    pub fn reserve(&mut self, n: usize) {
        self.pixels.reserve_exact(n * self.picture_bytes());
        self.labels.reserve_exact(n);
    }

    /// Appends an image.
    ///
    /// # Errors
    /// It has another size, or its label is not a class.
    pub fn push(&mut self, picture: &[u8], label: usize) -> Result<()> {
        if picture.len() != self.picture_bytes() {
            let [c, h, w] = self.shape;
            let rule = format!("a picture of {} bytes is not of {c}×{h}×{w}", picture.len());
            return Err(Error::shape("images", rule));
        }
        if label >= self.classes.len() {
            let rule = format!("the label {label} is out of range for {} classes", self.classes.len());
            return Err(Error::value("images", rule));
        }
        self.pixels.extend_from_slice(picture);
        self.labels.push(label as u32);
        Ok(())
    }

    /// Returns channels, height and width.
    pub fn size(&self) -> [usize; 3] {
        self.shape
    }

    /// Returns the number of bytes of an image.
    pub fn picture_bytes(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns the bytes of an image.
    ///
    /// # Errors
    /// The index is out of range.
    pub fn picture(&self, index: usize) -> Result<&[u8]> {
        let bytes = self.picture_bytes();
        let found = self.pixels.get(index * bytes..(index + 1) * bytes);
        found.filter(|_| index < self.labels.len()).ok_or_else(|| no_sample(index, self.labels.len()))
    }

    /// Returns all labels.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Returns the images of these ranges, one after another, at most `limit`.
    ///
    /// # Errors
    /// A range exceeds the number of images.
    pub fn parts(&self, parts: &[Range<usize>], limit: usize) -> Result<Self> {
        let mut images = Self::new(self.shape, self.classes.clone());
        images.reserve(limit.min(self.labels.len()));
        for index in parts.iter().cloned().flatten().take(limit) {
            images.push(self.picture(index)?, self.labels[index] as usize)?;
        }
        Ok(images)
    }

    /// Replaces the names of the classes.
    ///
    /// # Errors
    /// The number of names differs.
    pub fn rename_classes(&mut self, classes: Vec<String>) -> Result<()> {
        if classes.len() != self.classes.len() {
            let rule = format!("{} names for {} classes", classes.len(), self.classes.len());
            return Err(Error::value("images", rule));
        }
        self.classes = classes;
        Ok(())
    }

    /// Returns the number of images of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for label in &self.labels {
            if let Some(count) = counts.get_mut(*label as usize) {
                *count += 1;
            }
        }
        counts
    }
}

impl Dataset for Images {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> Result<usize> {
        let label = self.labels.get(index).ok_or_else(|| no_sample(index, self.labels.len()))?;
        Ok(*label as usize)
    }

    fn read(&self, indices: &[usize]) -> Result<Samples> {
        let mut out = Vec::with_capacity(indices.len() * self.picture_bytes());
        for index in indices {
            out.extend_from_slice(self.picture(*index)?);
        }
        Ok(Samples::Bytes(out))
    }

    fn whole(&self) -> Option<Whole<'_>> {
        Some(Whole::Bytes(&self.pixels))
    }
}

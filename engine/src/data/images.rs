//! Images in memory: data sets of one size, as bytes, which every reader of image files returns;
//! decoding of a file; pixels for a screen.

use std::ops::Range;

pub use image::RgbImage;

use super::dataset::{Dataset, Samples, Whole, no_sample};
use crate::{Error, Result};

/// Maximum height and width of an image; a larger one is refused before memory is allocated.
pub const MAX_SIDE: u32 = 16_384;

/// Labeled images of one size, channels first, one byte per element.
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
        self.pixels.reserve_exact(n * self.image_bytes());
        self.labels.reserve_exact(n);
    }

    /// Appends an image.
    ///
    /// # Errors
    /// The image has another size, or the label is no class.
    pub fn push(&mut self, image: &[u8], label: usize) -> Result<()> {
        if image.len() != self.image_bytes() {
            let [c, h, w] = self.shape;
            let rule = format!("an image of {} bytes is not of {c}×{h}×{w}", image.len());
            return Err(Error::shape("images", rule));
        }
        if label >= self.classes.len() {
            let rule = format!("the label {label} is out of range for {} classes", self.classes.len());
            return Err(Error::value("images", rule));
        }
        self.pixels.extend_from_slice(image);
        self.labels.push(label as u32);
        Ok(())
    }

    /// Returns channels, height and width.
    pub fn size(&self) -> [usize; 3] {
        self.shape
    }

    /// Returns the number of bytes of an image.
    pub fn image_bytes(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns the bytes of an image.
    ///
    /// # Errors
    /// The index is out of range.
    pub fn image(&self, index: usize) -> Result<&[u8]> {
        let bytes = self.image_bytes();
        let found = self.pixels.get(index * bytes..(index + 1) * bytes);
        found.filter(|_| index < self.labels.len()).ok_or_else(|| no_sample(index, self.labels.len()))
    }

    /// Returns all labels.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Returns the images at these ranges of indices, at most `limit`.
    ///
    /// # Errors
    /// A range exceeds the number of images.
    pub fn parts(&self, parts: &[Range<usize>], limit: usize) -> Result<Self> {
        let mut images = Self::new(self.shape, self.classes.clone());
        images.reserve(limit.min(self.labels.len()));
        for index in parts.iter().cloned().flatten().take(limit) {
            images.push(self.image(index)?, self.labels[index] as usize)?;
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
        let mut out = Vec::with_capacity(indices.len() * self.image_bytes());
        for index in indices {
            out.extend_from_slice(self.image(*index)?);
        }
        Ok(Samples::Bytes(out))
    }

    fn whole(&self) -> Option<Whole<'_>> {
        Some(Whole::Bytes(&self.pixels))
    }
}

/// Decodes an image file: rotated by its EXIF orientation, composited on white where it is not
/// opaque.
///
/// # Errors
/// The file is no image, damaged, too large, or in an unsupported format.
#[cfg(feature = "codecs")]
pub fn decode(path: &str, bytes: &[u8]) -> Result<RgbImage> {
    super::decode::decode(path, bytes).map_err(|why| Error::file(path, format!("is no image that can be read: {why}")))
}

/// Returns the bytes of a gray or color image `[C, H, W]` as interleaved red, green and blue, for
/// PNG and the screen.
pub fn to_rgb(chw: &[u8], channels: usize) -> Vec<u8> {
    let plane = chw.len() / channels.max(1);
    let channel = |c: usize| if channels == 3 { c * plane } else { 0 };
    (0..plane).flat_map(|i| [chw[channel(0) + i], chw[channel(1) + i], chw[channel(2) + i]]).collect()
}

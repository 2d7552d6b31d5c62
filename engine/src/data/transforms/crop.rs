//! `RandomCrop`, `CenterCrop`: crops of each image.

use super::{Transform, apply_by_crop};
use crate::data::Random;
use crate::ops::Crop;
use crate::{Error, Result, Tensor};

/// Maximum padding on every side: offsets of crops are 32-bit integers.
const MAX_PADDING: usize = 1 << 20;

/// Crops each image at a random position, after padding it with zeros.
/// [RandomCrop](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomCrop.html)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RandomCrop {
    size: [usize; 2],
    padding: usize,
}

impl RandomCrop {
    /// Creates a crop of this height and width.
    pub fn new(size: [usize; 2]) -> Self {
        Self { size, padding: 0 }
    }

    /// Sets the padding with zeros on every side.
    #[must_use]
    pub fn padding(mut self, padding: usize) -> Self {
        self.padding = padding;
        self
    }
}

impl Transform for RandomCrop {
    fn apply(&self, batch: &Tensor, random: &[Random]) -> Result<Tensor> {
        if let [_, _, height, width] = *batch.dims() {
            self.output([height, width])?;
        }
        apply_by_crop("RandomCrop", batch, random, self.size, |crop, size, random| self.crop(crop, size, random))
    }

    fn output(&self, [height, width]: [usize; 2]) -> Result<[usize; 2]> {
        if self.padding > MAX_PADDING {
            let rule = format!("a padding of {} is too large; at most {MAX_PADDING} are possible", self.padding);
            return Err(Error::shape("RandomCrop", rule));
        }
        let [rows, columns] = self.size;
        let padded = [height + 2 * self.padding, width + 2 * self.padding];
        if rows > padded[0] || columns > padded[1] || rows == 0 || columns == 0 {
            let rule = format!(
                "a part of {rows}×{columns} does not fit into images of {height}×{width} with a padding of {}",
                self.padding
            );
            return Err(Error::shape("RandomCrop", rule));
        }
        Ok(self.size)
    }

    fn crop(&self, crop: &mut Crop, size: [usize; 2], random: Random) -> bool {
        let offset = |at: u64, size: usize, part: usize| {
            random.below(at, (size + 2 * self.padding).saturating_sub(part) + 1) as i32 - self.padding as i32
        };
        let top = offset(0, size[0], self.size[0]);
        let left = offset(1, size[1], self.size[1]);
        cut(crop, size, self.size, top, left);
        true
    }

    fn is_geometric(&self) -> bool {
        true
    }

    fn pads(&self) -> bool {
        self.padding > 0
    }
}

/// Crops the center of each image.
/// [CenterCrop](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.CenterCrop.html)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CenterCrop {
    size: [usize; 2],
}

impl CenterCrop {
    /// Creates a crop of this height and width. Smaller images are padded with zeros.
    pub fn new(size: [usize; 2]) -> Self {
        Self { size }
    }
}

impl Transform for CenterCrop {
    fn apply(&self, batch: &Tensor, random: &[Random]) -> Result<Tensor> {
        apply_by_crop("CenterCrop", batch, random, self.size, |crop, size, random| self.crop(crop, size, random))
    }

    fn output(&self, _size: [usize; 2]) -> Result<[usize; 2]> {
        Ok(self.size)
    }

    fn crop(&self, crop: &mut Crop, size: [usize; 2], _random: Random) -> bool {
        // torchvision rounds ties to even when cropping, and down when padding.
        let offset = |size: usize, part: usize| match size >= part {
            true => ((size - part) as f64 / 2.0).round_ties_even() as i32,
            false => -(((part - size) / 2) as i32),
        };
        cut(crop, size, self.size, offset(size[0], self.size[0]), offset(size[1], self.size[1]));
        true
    }

    fn is_geometric(&self) -> bool {
        true
    }

    fn pads(&self) -> bool {
        // Padding depends on the images.
        true
    }
}

/// Narrows a crop to a part of `part` of its `size`.
fn cut(crop: &mut Crop, size: [usize; 2], part: [usize; 2], top: i32, left: i32) {
    // In a mirrored image, left is counted from the right.
    let from = |reversed: bool, first: i32, size: usize, part: usize| match reversed {
        true => size as i32 - part as i32 - first,
        false => first,
    };
    crop.top += from(crop.upside_down, top, size[0], part[0]);
    crop.left += from(crop.mirrored, left, size[1], part[1]);
}

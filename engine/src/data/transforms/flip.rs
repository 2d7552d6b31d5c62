//! `RandomHorizontalFlip`, `RandomVerticalFlip`: images mirrored at random.

use super::{Transform, apply_by_crop};
use crate::data::Random;
use crate::ops::Crop;
use crate::{Result, Tensor};

/// Mirrors images left to right.
/// [RandomHorizontalFlip](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomHorizontalFlip.html)
#[derive(Clone, Debug, PartialEq)]
pub struct RandomHorizontalFlip {
    p: f64,
}

/// Mirrors images top to bottom.
/// [RandomVerticalFlip](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomVerticalFlip.html)
#[derive(Clone, Debug, PartialEq)]
pub struct RandomVerticalFlip {
    p: f64,
}

macro_rules! flip {
    ($flip:ident, $field:ident) => {
        impl $flip {
            /// Mirrors each image with probability `p`.
            pub fn new(p: f64) -> Self {
                Self { p }
            }
        }

        impl Transform for $flip {
            fn apply(&self, batch: &Tensor, random: &[Random]) -> Result<Tensor> {
                let output = match *batch.dims() {
                    [_, _, height, width] => [height, width],
                    _ => [0, 0],
                };
                apply_by_crop(stringify!($flip), batch, random, output, |crop, size, random| {
                    self.crop(crop, size, random)
                })
            }

            fn crop(&self, crop: &mut Crop, _size: [usize; 2], random: Random) -> bool {
                crop.$field ^= f64::from(random.unit(0)) < self.p;
                true
            }

            fn is_geometric(&self) -> bool {
                true
            }
        }
    };
}

flip!(RandomHorizontalFlip, mirrored);
flip!(RandomVerticalFlip, upside_down);

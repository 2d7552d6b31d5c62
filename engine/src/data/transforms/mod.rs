//! Transforms of images on their way into a network, by torchvision's names and meaning. They
//! process whole batches on the device; every image of a batch has its own stream of random
//! numbers. Transforms that only select pixels ([`Transform::crop`]) run in the kernel that gathers
//! the batch.

mod color_jitter;
mod crop;
mod flip;
mod normalize;
mod random_affine;
mod random_erasing;
mod resize;

pub use color_jitter::ColorJitter;
pub use crop::{CenterCrop, RandomCrop};
pub use flip::{RandomHorizontalFlip, RandomVerticalFlip};
pub use normalize::Normalize;
pub use random_affine::RandomAffine;
pub use random_erasing::RandomErasing;
pub use resize::Resize;

use std::fmt::Debug;

use super::random::Random;
use crate::ops::Crop;
use crate::{Error, Result, Tensor};

/// A transform of the images of a batch.
pub trait Transform: Debug {
    /// Transforms a batch of N×channels×height×width with values in 0 … 1 (before normalization);
    /// `random` has a stream for each image.
    ///
    /// # Errors
    /// Images that the transform does not support.
    fn apply(&self, batch: &Tensor, random: &[Random]) -> Result<Tensor>;

    /// Returns height and width of the result for images of a size.
    ///
    /// # Errors
    /// Images that are too small for it.
    fn output(&self, size: [usize; 2]) -> Result<[usize; 2]> {
        Ok(size)
    }

    /// Transforms by changing a crop, if it is a transform of that kind; returns `false` otherwise.
    fn crop(&self, _crop: &mut Crop, _size: [usize; 2], _random: Random) -> bool {
        false
    }

    /// Returns `true` if [`Transform::crop`] implements it.
    fn is_geometric(&self) -> bool {
        false
    }

    /// Returns `true` if it pads the image, so that an earlier crop must really remove pixels.
    fn pads(&self) -> bool {
        false
    }

    /// Returns means and standard deviations, if it is a normalization.
    fn normalization(&self) -> Option<&Normalize> {
        None
    }
}

/// Transforms in order.
/// [Compose](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Compose.html)
///
/// ```
/// use kindling::data::Random;
/// use kindling::data::transforms::{Compose, Normalize, RandomCrop, RandomHorizontalFlip, Transform};
/// use kindling::{Device, Tensor, block_on};
/// # fn main() -> kindling::Result<()> {
/// let augment = Compose::new()
///     .then(RandomCrop::new([32, 32]).padding(4))
///     .then(RandomHorizontalFlip::new(0.5))
///     .then(Normalize::new(&[0.5; 3], &[0.25; 3])?);
/// let batch = Tensor::ones([2, 3, 32, 32], &Device::cpu())?;
/// let changed = augment.apply(&batch, &[Random::new(1), Random::new(2)])?;
/// assert_eq!(changed.dims(), [2, 3, 32, 32]);
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
pub struct Compose(Vec<Box<dyn Transform>>);

impl Compose {
    /// Creates an empty sequence of transforms.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a transform and returns the sequence.
    #[must_use]
    pub fn then(mut self, transform: impl Transform + 'static) -> Self {
        self.0.push(Box::new(transform));
        self
    }

    /// Appends a transform.
    pub fn push(&mut self, transform: Box<dyn Transform>) {
        self.0.push(transform);
    }

    /// Returns the transforms.
    pub fn transforms(&self) -> &[Box<dyn Transform>] {
        &self.0
    }

    /// Returns the number of leading transforms that crops implement.
    pub(super) fn leading_geometric(&self) -> usize {
        // A second crop with padding would restore pixels that the first removed.
        let mut cut = false;
        self.0
            .iter()
            .take_while(|t| {
                let fits = t.is_geometric() && !(cut && t.pads());
                cut |= t.output([1 << 20, 1 << 20]).is_ok_and(|size| size != [1 << 20, 1 << 20]) || t.pads();
                fits
            })
            .count()
    }
}

/// Returns the random numbers of transform `i`.
pub(super) fn stream(random: Random, i: usize) -> Random {
    random.split(i as u64)
}

impl Transform for Compose {
    fn apply(&self, batch: &Tensor, random: &[Random]) -> Result<Tensor> {
        apply_from(&self.0, 0, batch, random)
    }

    fn output(&self, size: [usize; 2]) -> Result<[usize; 2]> {
        self.0.iter().try_fold(size, |size, transform| transform.output(size))
    }
}

/// Applies transforms, the first of which has the index `first`.
pub(super) fn apply_from(
    transforms: &[Box<dyn Transform>],
    first: usize,
    batch: &Tensor,
    random: &[Random],
) -> Result<Tensor> {
    transforms.iter().enumerate().try_fold(batch.clone(), |batch, (i, transform)| {
        let streams: Vec<Random> = random.iter().map(|random| stream(*random, first + i)).collect();
        transform.apply(&batch, &streams)
    })
}

/// Returns the sizes of a batch of images.
fn sizes(name: &'static str, batch: &Tensor, random: &[Random]) -> Result<[usize; 4]> {
    let [n, c, h, w] = *batch.dims() else {
        return Err(Error::shape(name, format!("expected images of shape [N, C, H, W], got {}", batch.shape())));
    };
    if n != random.len() {
        return Err(Error::shape(name, format!("{} streams of random numbers for {n} images", random.len())));
    }
    Ok([n, c, h, w])
}

/// Implements [`Transform::apply`] for transforms that crop: the crops as maps, then one kernel.
fn apply_by_crop(
    name: &'static str,
    batch: &Tensor,
    random: &[Random],
    output: [usize; 2],
    change: impl Fn(&mut Crop, [usize; 2], Random) -> bool,
) -> Result<Tensor> {
    let [n, _, height, width] = sizes(name, batch, random)?;
    let mut maps = Vec::with_capacity(n * 6);
    for random in random {
        let mut crop = Crop::default();
        change(&mut crop, [height, width], *random);
        let axis = |first: i32, reversed: bool, size: usize| match reversed {
            true => (-1.0, first as f32 + size as f32 - 1.0),
            false => (1.0, first as f32),
        };
        let (x, left) = axis(crop.left, crop.mirrored, output[1]);
        let (y, top) = axis(crop.top, crop.upside_down, output[0]);
        maps.extend([x, 0.0, left, 0.0, y, top]);
    }
    let maps = Tensor::from_array(crate::device::Array::F32(maps), [n, 6], &batch.device())?;
    batch.warp(&maps, output)
}

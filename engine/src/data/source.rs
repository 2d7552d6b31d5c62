//! How a collection of picture files becomes a training and a test half of pictures of one size, wherever the
//! files come from.

use image::RgbImage;

use super::images::Images;
use super::limits::{Limits, Split};
use super::pictures::{self, PictureFile};
use super::random::Random;
use crate::{Error, Result, argsort};

/// What is made of picture files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureOptions {
    /// Height and width that pictures get; `None` keeps those of the first picture, up to 64×64.
    pub size: Option<[usize; 2]>,
    /// 3 for colour, 1 for grey.
    pub channels: usize,
    /// How many of each half, at most.
    pub limits: Limits,
    /// If the collection has no halves, every `1/test_share`-th picture, chosen at random, is for the test.
    pub test_share: usize,
    /// The seed of that choice.
    pub seed: u64,
}

impl Default for PictureOptions {
    fn default() -> Self {
        Self { size: None, channels: 3, limits: Limits::default(), test_share: 5, seed: 0 }
    }
}

/// What pictures are scaled to at most unless asked otherwise.
const USUAL_SIDE: usize = 64;

/// Picture files sorted into classes and two halves. Whoever has their bytes decodes them.
#[derive(Clone, Debug)]
pub struct Collection {
    classes: Vec<String>,
    /// Those to train on, then those to test on; with their labels.
    files: Vec<(PictureFile, usize)>,
    train: usize,
    size: Option<[usize; 2]>,
    channels: usize,
}

impl Collection {
    /// Sorts files into classes and halves. `place` is where they were found, for errors.
    ///
    /// # Errors
    /// Fewer than two classes.
    pub fn new(place: &str, files: Vec<PictureFile>, options: &PictureOptions) -> Result<Self> {
        let sorted = argsort(files.len(), &mut |a, b| files[a].cmp(&files[b]));
        let classes = pictures::classes(&files);
        if classes.len() < 2 {
            let problem = format!(
                "{} with pictures found, at least two are needed: one folder a class, with .png, .jpg, .webp or .bmp files",
                match classes.as_slice() {
                    [] => "no folders".to_owned(),
                    [one, ..] => format!("only the folder {one:?}"),
                }
            );
            return Err(Error::file(place, problem));
        }
        let has_halves = files.iter().any(|f| f.split == Some(pictures::SplitName::Test));
        let (mut train, mut test) = (Vec::new(), Vec::new());
        // Files come class by class; in random order the first N are of all classes.
        let order = Random::new(options.seed).permutation(files.len());
        let share = options.test_share.max(2);
        for (at, index) in order.into_iter().enumerate() {
            let file = files[sorted[index as usize]].clone();
            let split = match (has_halves, file.split) {
                (true, Some(name)) => Split::from(name),
                (true, None) => Split::Train,
                (false, _) if at % share == 0 => Split::Test,
                (false, _) => Split::Train,
            };
            let label = classes.binary_search(&file.class).unwrap_or_default();
            match split {
                Split::Train => train.push((file, label)),
                Split::Test => test.push((file, label)),
            }
        }
        for (split, half) in [(Split::Train, &mut train), (Split::Test, &mut test)] {
            half.truncate(options.limits.of(split).unwrap_or(usize::MAX));
        }
        let count = train.len();
        train.append(&mut test);
        Ok(Self { classes, files: train, train: count, size: options.size, channels: options.channels })
    }

    /// The files in the order in which [`Collection::into_images`] wants them.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &PictureFile> + Clone {
        self.files.iter().map(|(file, _)| file)
    }

    /// The shape that all pictures get: what was asked for, or the first picture's, up to 64×64.
    pub fn shape(&self, first: &RgbImage) -> [usize; 3] {
        let (width, height) = (first.width() as usize, first.height() as usize);
        let fits = height <= USUAL_SIDE && width <= USUAL_SIDE;
        let [height, width] = self.size.unwrap_or(if fits { [height, width] } else { [USUAL_SIDE; 2] });
        [self.channels, height, width]
    }

    /// The two halves, from every file's picture as bytes of one shape ([`pictures::to_chw`]).
    ///
    /// # Errors
    /// A picture has another size.
    pub fn into_images(self, shape: [usize; 3], pictures: &[Vec<u8>]) -> Result<(Images, Images)> {
        let half = |range: std::ops::Range<usize>| {
            let mut images = Images::new(shape, self.classes.clone());
            images.reserve(range.len());
            for (picture, (_, label)) in pictures.iter().zip(&self.files).take(range.end).skip(range.start) {
                images.push(picture, *label)?;
            }
            Ok(images)
        };
        Ok((half(0..self.train)?, half(self.train..self.files.len())?))
    }
}

//! How a collection of image files becomes splits of images of one size, wherever the
//! files come from.

use std::sync::Arc;

use image::RgbImage;

use super::dataset::Dataset;
use super::images::Images;
use super::limits::Split;
use super::pictures::{self, PictureFile};
use super::random::Random;
use super::splits::{OpenOptions, Parts, SplitMethod, SplitRecord, Splits, single_note, stratify};
use crate::{Error, Result, argsort};

/// What pictures are scaled to at most unless asked otherwise.
const USUAL_SIDE: usize = 64;

/// Image files sorted into classes and splits. Whoever has their bytes decodes them.
#[derive(Clone, Debug)]
pub struct Collection {
    classes: Vec<String>,
    /// Those to train on, then those to test on; with their labels.
    files: Vec<(PictureFile, usize)>,
    train: usize,
    size: Option<[usize; 2]>,
    channels: usize,
    record: SplitRecord,
    notes: Vec<String>,
}

impl Collection {
    /// Sorts files into classes and splits. `place` is where they were found, for errors.
    ///
    /// # Errors
    /// Fewer than two classes; a split smaller than its limit.
    pub fn new(place: &str, files: Vec<PictureFile>, options: &OpenOptions) -> Result<Self> {
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
        let label = |file: &PictureFile| classes.binary_search(&file.class).unwrap_or_default();
        let sorted: Vec<&PictureFile> = sorted.into_iter().map(|index| &files[index]).collect();
        let labels: Vec<usize> = sorted.iter().map(|file| label(file)).collect();
        let has_splits = files.iter().any(|f| f.split == Some(pictures::SplitName::Test));
        let (method, parts) = if has_splits {
            // Files come class by class; in random order the first N are of all classes.
            let order = Random::new(0).permutation(files.len()).into_iter().map(|index| index as usize);
            let (test, train) = order.partition(|index| sorted[*index].split == Some(pictures::SplitName::Test));
            (SplitMethod::Folders, Parts { train, test, single: Vec::new() })
        } else {
            let (seed, test_share) = (options.seed, options.test_share);
            let parts = stratify(&labels, test_share, seed)?;
            (SplitMethod::Random { seed, test_share, stratified: true }, parts)
        };
        let notes = single_note(&parts.single, &classes).into_iter().collect();
        let record = SplitRecord { method, train: parts.train.len(), validation: 0, test: parts.test.len() };
        let chosen = |indices: Vec<usize>, split: Split| -> Result<Vec<(PictureFile, usize)>> {
            let limit = options.limits.checked(place, split, indices.len())?;
            let indices = indices.into_iter().take(limit.unwrap_or(usize::MAX));
            Ok(indices.map(|index| (sorted[index].clone(), labels[index])).collect())
        };
        let (mut train, mut test) = (chosen(parts.train, Split::Train)?, chosen(parts.test, Split::Test)?);
        let count = train.len();
        train.append(&mut test);
        let (size, channels) = (options.size, options.channels);
        Ok(Self { classes, files: train, train: count, size, channels, record, notes })
    }

    /// The files in the order in which [`Collection::into_splits`] wants them.
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

    /// Makes the splits of every file's image as bytes of one shape ([`pictures::to_chw`]).
    ///
    /// # Errors
    /// An image has another size.
    pub fn into_splits(self, name: &str, shape: [usize; 3], images: &[Vec<u8>]) -> Result<Splits> {
        let split = |range: std::ops::Range<usize>| -> Result<Arc<dyn Dataset>> {
            let mut split = Images::new(shape, self.classes.clone());
            split.reserve(range.len());
            for (image, (_, label)) in images.iter().zip(&self.files).take(range.end).skip(range.start) {
                split.push(image, *label)?;
            }
            Ok(Arc::new(split))
        };
        let (train, test) = (split(0..self.train)?, split(self.train..self.files.len())?);
        let (name, notes) = (name.to_owned(), self.notes);
        Ok(Splits { name, kind: "folder", train, validation: None, test, split: self.record, notes })
    }
}

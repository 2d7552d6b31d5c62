//! How a collection of picture files becomes a training and a test half of pictures of one size, wherever the
//! files come from.

use std::collections::BTreeMap;

use super::images::Images;
use super::limits::{Limits, Split};
use super::pictures::{self, PictureFile};
use super::random::Random;
use crate::{Error, Result};

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

impl PictureOptions {
    /// The shape that all pictures get.
    pub(super) fn shape_for(
        &self,
        files: &[(PictureFile, usize)],
        open: &mut impl FnMut(&PictureFile) -> Result<Vec<u8>>,
    ) -> Result<[usize; 3]> {
        if let Some([height, width]) = self.size {
            return Ok([self.channels, height, width]);
        }
        let Some((first, _)) = files.first() else { return Ok([self.channels, USUAL_SIDE, USUAL_SIDE]) };
        let picture = pictures::decode(&first.path, &open(first)?)?;
        let (height, width) = (picture.height() as usize, picture.width() as usize);
        let fits = height <= USUAL_SIDE && width <= USUAL_SIDE;
        Ok(if fits { [self.channels, height, width] } else { [self.channels, USUAL_SIDE, USUAL_SIDE] })
    }
}

/// A collection sorted into halves: every file with its label.
pub(super) struct Halves {
    pub classes: Vec<String>,
    pub train: Vec<(PictureFile, usize)>,
    pub test: Vec<(PictureFile, usize)>,
}

/// Sorts files into classes and halves.
pub(super) fn halves(place: &str, mut files: Vec<PictureFile>, options: &PictureOptions) -> Result<Halves> {
    files.sort_unstable();
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
    let labelled = |file: PictureFile| {
        let label = classes.binary_search(&file.class).unwrap_or_default();
        (file, label)
    };
    let (mut train, mut test) = (Vec::new(), Vec::new());
    // Files come class by class; in random order the first N are of all classes.
    let order = Random::new(options.seed).permutation(files.len());
    let share = options.test_share.max(2);
    for (at, index) in order.into_iter().enumerate() {
        let file = files[index as usize].clone();
        let split = match (has_halves, file.split) {
            (true, Some(name)) => Split::from(name),
            (true, None) => Split::Train,
            (false, _) if at % share == 0 => Split::Test,
            (false, _) => Split::Train,
        };
        match split {
            Split::Train => train.push(labelled(file)),
            Split::Test => test.push(labelled(file)),
        }
    }
    for (split, half) in [(Split::Train, &mut train), (Split::Test, &mut test)] {
        half.truncate(options.limits.of(split).unwrap_or(usize::MAX));
    }
    Ok(Halves { classes, train, test })
}

/// Reads pictures that are in memory already, sorted into folders; see [`PictureFile::from_path`]. Files that are no
/// pictures are left out.
///
/// # Errors
/// There are no pictures in folders, or one cannot be read.
pub fn read_pictures(name: &str, files: &[(String, Vec<u8>)], options: &PictureOptions) -> Result<(Images, Images)> {
    let found = files.iter().filter_map(|(path, _)| PictureFile::from_path(path)).collect();
    let by_path: BTreeMap<&str, &Vec<u8>> = files.iter().map(|(path, bytes)| (path.as_str(), bytes)).collect();
    read_halves(name, found, options, |file| {
        by_path.get(file.path.as_str()).map(|bytes| (*bytes).clone()).ok_or_else(|| Error::file(&file.path, "has gone"))
    })
}

/// Decodes a collection of picture files that `open` gives the bytes of.
pub(super) fn read_halves(
    name: &str,
    files: Vec<PictureFile>,
    options: &PictureOptions,
    mut open: impl FnMut(&PictureFile) -> Result<Vec<u8>>,
) -> Result<(Images, Images)> {
    let Halves { classes, train, test } = halves(name, files, options)?;
    let shape = options.shape_for(&train, &mut open)?;
    let mut half = |files: &[(PictureFile, usize)]| {
        pictures::collect(
            shape,
            &classes,
            files.iter().map(|(file, label)| {
                let picture = pictures::decode(&file.path, &open(file)?)?;
                Ok((*label, pictures::to_chw(&picture, shape)?))
            }),
        )
    };
    Ok((half(&train)?, half(&test)?))
}

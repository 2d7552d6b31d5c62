//! CIFAR-10 and CIFAR-100 in their official binary layout
//! ([Krizhevsky](https://www.cs.toronto.edu/~kriz/cifar.html)): records of one or two label bytes
//! and 3072 pixel bytes (red, green, blue, each 32×32 row by row).

mod reader;

pub use reader::CifarReader;

use super::archive::Sink as _;
use super::catalog::{self, DataSet};
use super::codecs::Codecs;
use super::files::Files;
use super::layout::{is_hidden, parts};
use super::limits::Split;
use super::splits::{OpenOptions, Splits};
use crate::{Error, Result};

/// CIFAR-10 or CIFAR-100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cifar {
    /// 10 classes of 6,000 images.
    Cifar10,
    /// 100 classes (the fine labels) of 600 images.
    Cifar100,
}

const PIXELS: usize = 3 * 32 * 32;

impl Cifar {
    const ALL: [Self; 2] = [Self::Cifar10, Self::Cifar100];

    /// Returns the set's row in the catalog.
    pub fn data_set(self) -> &'static DataSet {
        match self {
            Self::Cifar10 => &catalog::CIFAR10,
            Self::Cifar100 => &catalog::CIFAR100,
        }
    }

    /// Returns the official files of a split, in order.
    pub fn files(self, split: Split) -> &'static [&'static str] {
        self.data_set().official.as_ref().map_or(&[], |official| official.files(split))
    }

    /// Returns the number of images of a split.
    pub fn samples(self, split: Split) -> usize {
        self.data_set().official.as_ref().map_or(0, |official| official.samples(split))
    }

    fn class_file(self) -> &'static str {
        self.data_set().official.as_ref().and_then(|official| official.class_file).unwrap_or_default()
    }

    /// Returns the set of a file, by the file's name.
    pub fn from_file_name(path: &str) -> Option<Self> {
        let name = parts(path).last().copied()?;
        Self::ALL.into_iter().find(|set| set.names().any(|file| file == name))
    }

    /// Returns the names of the files that are read.
    fn names(self) -> impl Iterator<Item = &'static str> {
        let splits = [Split::Train, Split::Test].into_iter().flat_map(move |split| self.files(split));
        splits.copied().chain([self.class_file()])
    }

    /// Returns the size of an official file, for servers that send no size.
    pub(super) fn official_size(self, path: &str) -> u64 {
        let split = if path.contains("test") { Split::Test } else { Split::Train };
        (self.samples(split) / self.files(split).len().max(1) * self.record()) as u64
    }

    fn class_names(self) -> Vec<String> {
        match self {
            Self::Cifar10 => {
                let official = self.data_set().official.as_ref();
                official.map_or(Vec::new(), |official| official.classes.iter().map(|name| (*name).to_owned()).collect())
            }
            // Until the file of names has been read.
            Self::Cifar100 => (0..100).map(|i| format!("class {i}")).collect(),
        }
    }

    /// Returns the bytes of a record: labels and pixels.
    pub fn record(self) -> usize {
        PIXELS + self.label_bytes()
    }

    fn label_bytes(self) -> usize {
        match self {
            Self::Cifar10 => 1,
            Self::Cifar100 => 2,
        }
    }
}

/// Returns `true` for the name of a file that is read.
pub(super) fn wants(name: &str) -> bool {
    Cifar::from_file_name(name).is_some()
}

/// Returns the set of the files, and their folder. For CIFAR-100 the file of class names is
/// required, since any data could be called `train.bin`.
fn found(files: &Files) -> Option<(Cifar, String)> {
    Cifar::ALL.into_iter().find_map(|set| {
        let path = set.names().find_map(|name| files.find(name).filter(|path| !is_hidden(path)))?;
        let folder = &path[..path.len() - parts(path).last()?.len()];
        let has_names = files.paths().any(|path| path.strip_prefix(folder) == Some(set.class_file()));
        (set == Cifar::Cifar10 || has_names).then(|| (set, folder.to_owned()))
    })
}

pub(super) fn claims(files: &Files) -> bool {
    found(files).is_some()
}

/// Reads the official files from an unpacked folder.
///
/// # Errors
/// As [`CifarReader::finish`]; a truncated or damaged file.
pub(super) async fn read(root: &str, files: &Files, options: &OpenOptions, codecs: &dyn Codecs) -> Result<Splits> {
    let Some((set, folder)) = found(files) else { return Err(Error::file(root, "holds no files of CIFAR")) };
    let mut reader = CifarReader::new(set, options.clone());
    for name in set.names() {
        let path = format!("{folder}{name}");
        // `finish` counts the images, and reports missing ones.
        if !files.paths().any(|known| known == path) {
            continue;
        }
        let bytes = files.read(&path, codecs).await?;
        reader.begin(name, bytes.len() as u64)?;
        reader.data(&bytes)?;
        reader.end()?;
    }
    reader.finish(root)
}

//! CIFAR-10 and CIFAR-100 in their official binary layout
//! ([Krizhevsky](https://www.cs.toronto.edu/~kriz/cifar.html)): records of one or two label bytes and 3072 pixel
//! bytes (red, green, blue, each 32×32 row by row). The reader takes bytes in any pieces, so that the same code
//! serves files, the `.tar.gz` and a download in a browser. It knows no disk and no network; `open` does.

use std::ops::Range;

use super::archive::Sink;
use super::dataset::Dataset;
use super::images::Images;
use super::limits::{Limits, Split};
use crate::{Error, Result};

/// Which of the two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cifar {
    /// Ten classes, 6,000 pictures each.
    Cifar10,
    /// A hundred classes, 600 pictures each; the fine labels.
    Cifar100,
}

const PIXELS: usize = 3 * 32 * 32;

const CIFAR10_CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const CIFAR10_TRAIN: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];

impl Cifar {
    /// The set's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cifar10 => "CIFAR-10",
            Self::Cifar100 => "CIFAR-100",
        }
    }

    /// How a run's settings call it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
        }
    }

    /// The archive's official address.
    pub fn url(self) -> &'static str {
        match self {
            Self::Cifar10 => "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            Self::Cifar100 => "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        }
    }

    /// The archive's official MD5 checksum.
    pub fn md5(self) -> &'static str {
        match self {
            Self::Cifar10 => "c32a1d4ab5d03f1284b67883e8d87530",
            Self::Cifar100 => "03b5dce01913d631647c71ecec9e9cb8",
        }
    }

    /// The folder inside of the archive.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-batches-bin",
            Self::Cifar100 => "cifar-100-binary",
        }
    }

    /// The name of the archive.
    pub fn archive(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-binary.tar.gz",
            Self::Cifar100 => "cifar-100-binary.tar.gz",
        }
    }

    /// The files of a split, in order.
    pub fn files(self, split: Split) -> &'static [&'static str] {
        match (self, split) {
            (Self::Cifar10, Split::Train) => &CIFAR10_TRAIN,
            (Self::Cifar10, Split::Test) => &["test_batch.bin"],
            (Self::Cifar100, Split::Train) => &["train.bin"],
            (Self::Cifar100, Split::Test) => &["test.bin"],
        }
    }

    /// The file with the names of the classes.
    pub fn names_file(self) -> &'static str {
        match self {
            Self::Cifar10 => "batches.meta.txt",
            Self::Cifar100 => "fine_label_names.txt",
        }
    }

    fn class_names(self) -> Vec<String> {
        match self {
            Self::Cifar10 => CIFAR10_CLASSES.map(str::to_owned).to_vec(),
            // Until their file has been read.
            Self::Cifar100 => (0..100).map(|i| format!("class {i}")).collect(),
        }
    }

    /// How many pictures a split has.
    pub fn pictures(self, split: Split) -> usize {
        match split {
            Split::Train => 50_000,
            Split::Test => 10_000,
        }
    }

    /// Bytes of a record: labels and pixels.
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

/// Makes pictures of the bytes of the official files, in whatever pieces they come.
pub struct CifarReader {
    set: Cifar,
    limits: Limits,
    train: Images,
    test: Images,
    names: Option<Vec<String>>,
    current: Option<Current>,
    /// The files that have been read to their end, and which pictures of their split they gave.
    seen: Vec<(&'static str, Split, Range<usize>)>,
}

/// The file that is being read.
struct Current {
    name: &'static str,
    /// Where its pictures begin among those of its split.
    start: usize,
    /// `None`: the file of names.
    split: Option<Split>,
    partial: Vec<u8>,
    records: usize,
}

impl CifarReader {
    /// Reads at most so many pictures of each split.
    pub fn new(set: Cifar, limits: Limits) -> Self {
        let images = || Images::new([3, 32, 32], set.class_names());
        Self { set, limits, train: images(), test: images(), names: None, current: None, seen: Vec::new() }
    }

    /// Returns the set that is read.
    pub fn set(&self) -> Cifar {
        self.set
    }

    /// What has been read of a split so far.
    pub fn images(&self, split: Split) -> &Images {
        match split {
            Split::Train => &self.train,
            Split::Test => &self.test,
        }
    }

    /// What was read: training and test pictures.
    ///
    /// # Errors
    /// Pictures are missing: fewer than the limit, or than the set has if there is no limit.
    pub fn finish(self, place: &str) -> Result<(Images, Images)> {
        for split in [Split::Train, Split::Test] {
            let (found, all) = (self.images(split).len(), self.set.pictures(split));
            let expected = self.limits.of(split).map_or(all, |limit| limit.min(all));
            if found < expected {
                let missing: Vec<&str> = self.set.files(split).iter().filter(|f| !self.has_seen(f)).copied().collect();
                let why = match missing.as_slice() {
                    [] => String::new(),
                    missing => format!(" ({} not found)", missing.join(", ")),
                };
                let flag = match split {
                    Split::Train => "--train-limit",
                    Split::Test => "--test-limit",
                };
                let problem = format!(
                    "{found} {split} pictures found, {expected} expected{why}; fetch {} again, or ask for fewer with {flag}",
                    self.set.name()
                );
                return Err(Error::file(place, problem));
            }
            if let Some(missing) = self.skipped(split, expected) {
                let problem =
                    format!("{missing} is missing: the first {expected} {split} pictures are not those found");
                return Err(Error::file(place, problem));
            }
        }
        self.finish_with_fewer()
    }

    /// The first file that was not there though a later one was, if some of the first `n` pictures of a split are in it.
    fn skipped(&self, split: Split, n: usize) -> Option<&'static str> {
        let mut found = 0;
        for name in self.set.files(split) {
            if found >= n {
                return None;
            }
            match self.seen.iter().find(|(seen, ..)| seen == name) {
                Some((.., range)) => found += range.len(),
                None => return Some(name),
            }
        }
        None
    }

    /// What was read, even if pictures are missing: a collection in this layout that is smaller than the official one.
    ///
    /// # Errors
    /// Names of classes that do not fit.
    pub fn finish_with_fewer(mut self) -> Result<(Images, Images)> {
        for split in [Split::Train, Split::Test] {
            self.sort(split)?;
        }
        if let Some(names) = self.names.take() {
            self.train.rename_classes(names.clone())?;
            self.test.rename_classes(names)?;
        }
        Ok((self.train, self.test))
    }

    fn has_seen(&self, file: &str) -> bool {
        self.seen.iter().any(|(name, ..)| *name == file)
    }

    /// Whether the files of a split have come in the official order so far, this one among them.
    fn in_order(&self, split: Split, file: &str) -> bool {
        let came = self.seen.iter().filter(|(_, of, _)| *of == split).map(|(name, ..)| *name).chain([file]);
        came.eq(self.set.files(split).iter().copied().take_while(|name| *name != file).chain([file]))
    }

    /// Puts the pictures of a split in the order of the official files: the archive has them in another. "The first N"
    /// are then the same from wherever they come.
    fn sort(&mut self, split: Split) -> Result<()> {
        let part = |name: &&str| {
            self.seen.iter().find(|(seen, of, _)| seen == name && *of == split).map(|(.., range)| range.clone())
        };
        let parts: Vec<Range<usize>> = self.set.files(split).iter().filter_map(part).collect();
        let images = match split {
            Split::Train => &mut self.train,
            Split::Test => &mut self.test,
        };
        let limit = self.limits.of(split).unwrap_or(usize::MAX);
        if images.len() > limit || parts.windows(2).any(|pair| pair[0].start > pair[1].start) {
            *images = images.parts(&parts, limit)?;
        }
        Ok(())
    }

    fn record(&mut self, current: (&'static str, usize), split: Split, number: usize, record: &[u8]) -> Result<()> {
        let (name, start) = current;
        // Of files out of order any may hold the first pictures.
        let before = if self.in_order(split, name) { 0 } else { start };
        let (labels, pixels) = record.split_at(self.set.label_bytes());
        // CIFAR-100 has the coarse label first and the fine one second.
        let label = usize::from(labels.last().copied().unwrap_or_default());
        let images = match split {
            Split::Train => &mut self.train,
            Split::Test => &mut self.test,
        };
        if label >= images.classes().len() {
            let problem = format!(
                "record {number} (from byte {}) has the label {label}, {} has {} classes; the file is damaged",
                number * (PIXELS + labels.len()),
                self.set.name(),
                images.classes().len()
            );
            return Err(Error::file(name, problem));
        }
        if self.limits.of(split).is_none_or(|limit| images.len() - before < limit) {
            images.push(pixels, label)?;
        }
        Ok(())
    }

    fn records(&mut self, current: &mut Current, split: Split, mut bytes: &[u8]) -> Result<()> {
        let size = self.set.record();
        while !bytes.is_empty() {
            let part = bytes.len().min(size - current.partial.len());
            let (now, later) = bytes.split_at(part);
            bytes = later;
            if current.partial.is_empty() && part == size {
                self.record((current.name, current.start), split, current.records, now)?;
                current.records += 1;
                continue;
            }
            current.partial.extend_from_slice(now);
            if current.partial.len() == size {
                let record = std::mem::take(&mut current.partial);
                self.record((current.name, current.start), split, current.records, &record)?;
                current.records += 1;
            }
        }
        Ok(())
    }

    fn set_names(&mut self, file: &str, bytes: &[u8]) -> Result<()> {
        let text = String::from_utf8_lossy(bytes);
        let names: Vec<String> = text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect();
        let expected = self.train.classes().len();
        if names.len() != expected {
            return Err(Error::file(file, format!("{} names found, {expected} expected", names.len())));
        }
        self.names = Some(names);
        Ok(())
    }
}

impl Sink for CifarReader {
    fn begin(&mut self, path: &str, size: u64) -> Result<bool> {
        let file = path.rsplit('/').next().unwrap_or(path);
        if file == self.set.names_file() {
            if size > 1 << 16 {
                return Err(Error::file(file, format!("{size} bytes are too many for names of classes")));
            }
            let name = self.set.names_file();
            self.current = Some(Current { name, start: 0, split: None, partial: Vec::new(), records: 0 });
            return Ok(true);
        }
        for split in [Split::Train, Split::Test] {
            let files = self.set.files(split);
            let Some(name) = files.iter().find(|name| **name == file) else { continue };
            if self.has_seen(name) {
                return Err(Error::file(name, "is there twice"));
            }
            let most = (self.set.pictures(split) / files.len() * self.set.record()) as u64;
            if !size.is_multiple_of(self.set.record() as u64) || size > most {
                let problem = format!(
                    "{size} bytes are not what a file of {} has: up to {most}, in records of {}; it is cut off or damaged",
                    self.set.name(),
                    self.set.record()
                );
                return Err(Error::file(name, problem));
            }
            let room = (size as usize / self.set.record()).min(self.limits.of(split).unwrap_or(usize::MAX));
            match split {
                Split::Train => self.train.reserve(room),
                Split::Test => self.test.reserve(room),
            }
            let start = self.images(split).len();
            self.current = Some(Current { name, start, split: Some(split), partial: Vec::new(), records: 0 });
            return Ok(true);
        }
        Ok(false)
    }

    fn data(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(mut current) = self.current.take() else { return Ok(()) };
        match current.split {
            Some(split) => self.records(&mut current, split, bytes)?,
            None => current.partial.extend_from_slice(bytes),
        }
        self.current = Some(current);
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let Some(current) = self.current.take() else { return Ok(()) };
        let Some(split) = current.split else { return self.set_names(current.name, &current.partial) };
        if !current.partial.is_empty() {
            let problem = format!("ends inside of record {}, {} bytes into it", current.records, current.partial.len());
            return Err(Error::file(current.name, problem));
        }
        let range = current.start..self.images(split).len();
        self.seen.push((current.name, split, range));
        Ok(())
    }
}

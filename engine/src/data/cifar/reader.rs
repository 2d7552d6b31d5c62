//! Streaming reader of CIFAR's files: the same code for files, the `.tar.gz` and a download.

use std::ops::Range;
use std::sync::Arc;

use super::super::archive::Sink;
use super::super::dataset::Dataset as _;
use super::super::images::Images;
use super::super::limits::Split;
use super::super::splits::{OpenOptions, SplitMethod, Splits};
use super::{Cifar, PIXELS};
use crate::{Error, Result};

/// Reads images from the bytes of the official files, as they arrive.
pub struct CifarReader {
    set: Cifar,
    options: OpenOptions,
    train: Images,
    test: Images,
    names: Option<Vec<String>>,
    current: Option<Current>,
    /// Files read to their end, with the indices of their images in the split.
    complete: Vec<(&'static str, Split, Range<usize>)>,
}

/// File being read.
struct Current {
    name: &'static str,
    /// Index of its first image in the split.
    start: usize,
    /// Split of the file; `None` for the file of names.
    split: Option<Split>,
    partial: Vec<u8>,
    records: usize,
}

impl CifarReader {
    /// Creates a reader. Of the options, it uses the limits and `incomplete`.
    pub fn new(set: Cifar, options: OpenOptions) -> Self {
        let images = || Images::new([3, 32, 32], set.class_names());
        Self { set, options, train: images(), test: images(), names: None, current: None, complete: Vec::new() }
    }

    /// Returns the set that is read.
    pub fn set(&self) -> Cifar {
        self.set
    }

    /// Returns the images of a split read so far.
    pub fn images(&self, split: Split) -> &Images {
        match split {
            Split::Train => &self.train,
            Split::Validation | Split::Test => &self.test,
        }
    }

    /// Returns the number of images of a split that have arrived, within the limit.
    pub fn available(&self, split: Split) -> usize {
        self.images(split).len().min(self.options.limits.of(split).unwrap_or(usize::MAX))
    }

    /// Returns a copy of the images read so far.
    ///
    /// # Errors
    /// None is expected.
    pub fn partial(&self) -> Result<Splits> {
        let part = |split: Split| -> Result<Images> {
            let available = self.available(split);
            self.images(split).parts(std::slice::from_ref(&(0..available)), available)
        };
        Ok(self.splits(part(Split::Train)?, part(Split::Test)?))
    }

    fn splits(&self, train: Images, test: Images) -> Splits {
        let set = self.set.data_set();
        Splits::new(set.title, set.name, SplitMethod::Official, Arc::new(train), Arc::new(test))
    }

    /// Returns the splits. `root` names the data in errors.
    ///
    /// # Errors
    /// Images are missing, and [`OpenOptions::incomplete`] does not allow it; or a limit exceeds
    /// the number of images.
    pub fn finish(mut self, root: &str) -> Result<Splits> {
        let mut notes = Vec::new();
        for split in [Split::Train, Split::Test] {
            let (found, all) = (self.images(split).len(), self.set.samples(split));
            let expected = self.options.limits.checked(root, split, all)?.unwrap_or(all);
            if found < expected {
                let missing: Vec<&str> =
                    self.set.files(split).iter().filter(|f| !self.is_complete(f)).copied().collect();
                let files = match missing.as_slice() {
                    [] => String::new(),
                    missing => format!(" ({} not found)", missing.join(", ")),
                };
                let problem = format!("{found} {split} images found, {expected} expected{files}");
                let none = found == 0 && split == Split::Train;
                if !self.options.incomplete || none || self.options.limits.of(split).is_some() {
                    let advice = format!("fetch {} again, or ask for fewer", self.set.data_set().title);
                    return Err(Error::file(root, format!("{problem}; {advice}")));
                }
                notes.push(problem);
            } else if let Some(missing) = self.skipped(split, expected) {
                let problem = format!("{missing} is missing: the first {expected} {split} images are not those found");
                return Err(Error::file(root, problem));
            }
            self.sort(split)?;
        }
        if let Some(names) = self.names.take() {
            self.train.rename_classes(names.clone())?;
            self.test.rename_classes(names)?;
        }
        let empty = || Images::new([3, 32, 32], Vec::new());
        let (train, test) = (std::mem::replace(&mut self.train, empty()), std::mem::replace(&mut self.test, empty()));
        Ok(Splits { notes, ..self.splits(train, test) })
    }

    /// Returns the first missing file before a later one, if it holds some of the first `n` images
    /// of the split.
    fn skipped(&self, split: Split, n: usize) -> Option<&'static str> {
        let mut found = 0;
        for name in self.set.files(split) {
            if found >= n {
                return None;
            }
            match self.complete.iter().find(|(complete, ..)| complete == name) {
                Some((.., range)) => found += range.len(),
                None => return Some(name),
            }
        }
        None
    }

    fn is_complete(&self, file: &str) -> bool {
        self.complete.iter().any(|(name, ..)| *name == file)
    }

    /// Returns `true` if the files of a split, up to and including this one, came in the official
    /// order.
    fn in_order(&self, split: Split, file: &str) -> bool {
        let order = self.complete.iter().filter(|(_, of, _)| *of == split).map(|(name, ..)| *name).chain([file]);
        order.eq(self.set.files(split).iter().copied().take_while(|name| *name != file).chain([file]))
    }

    /// Sorts the images of a split by the official order of their files, which the archive does not
    /// have. The first N images are then the same from every source.
    fn sort(&mut self, split: Split) -> Result<()> {
        let part = |name: &&str| {
            self.complete
                .iter()
                .find(|(complete, of, _)| complete == name && *of == split)
                .map(|(.., range)| range.clone())
        };
        let parts: Vec<Range<usize>> = self.set.files(split).iter().filter_map(part).collect();
        let images = match split {
            Split::Train => &mut self.train,
            Split::Validation | Split::Test => &mut self.test,
        };
        let limit = self.options.limits.of(split).unwrap_or(usize::MAX);
        if images.len() > limit || parts.windows(2).any(|pair| pair[0].start > pair[1].start) {
            *images = images.parts(&parts, limit)?;
        }
        Ok(())
    }

    fn record(&mut self, current: (&'static str, usize), split: Split, number: usize, record: &[u8]) -> Result<()> {
        let (name, start) = current;
        // If files come out of order, any of them may hold the first images.
        let before = if self.in_order(split, name) { 0 } else { start };
        let (labels, pixels) = record.split_at(self.set.label_bytes());
        // CIFAR-100 has the coarse label first and the fine one second.
        let label = usize::from(labels.last().copied().unwrap_or_default());
        let images = match split {
            Split::Train => &mut self.train,
            Split::Validation | Split::Test => &mut self.test,
        };
        if label >= images.classes().len() {
            let problem = format!(
                "record {number} (from byte {}) has the label {label}, {} has {} classes; the file is damaged",
                number * (PIXELS + labels.len()),
                self.set.data_set().title,
                images.classes().len()
            );
            return Err(Error::file(name, problem));
        }
        if self.options.limits.of(split).is_none_or(|limit| images.len() - before < limit) {
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
        if file == self.set.class_file() {
            if size > 1 << 16 {
                return Err(Error::file(file, format!("{size} bytes are too many for names of classes")));
            }
            let name = self.set.class_file();
            self.current = Some(Current { name, start: 0, split: None, partial: Vec::new(), records: 0 });
            return Ok(true);
        }
        for split in [Split::Train, Split::Test] {
            let files = self.set.files(split);
            let Some(name) = files.iter().find(|name| **name == file) else { continue };
            if self.is_complete(name) {
                return Err(Error::file(name, "is there twice"));
            }
            let max_size = (self.set.samples(split) / files.len() * self.set.record()) as u64;
            if !size.is_multiple_of(self.set.record() as u64) || size > max_size {
                let problem = format!(
                    "{size} bytes are not what a file of {} has: up to {max_size}, in records of {}; it is cut off or damaged",
                    self.set.data_set().title,
                    self.set.record()
                );
                return Err(Error::file(name, problem));
            }
            let expected = (size as usize / self.set.record()).min(self.options.limits.of(split).unwrap_or(usize::MAX));
            match split {
                Split::Train => self.train.reserve(expected),
                Split::Validation | Split::Test => self.test.reserve(expected),
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
        self.complete.push((current.name, split, range));
        Ok(())
    }
}

//! From bytes in whatever pieces they arrive to a data set with its splits: which reader takes which files, what can be
//! trained on before the end. It knows neither network nor browser.

use super::Outside;
use kindling::data::archive::{Sink as _, Tar};
use kindling::data::pictures::PictureFile;
use kindling::data::{
    Cifar, CifarReader, Collection, Dataset, Limits, OpenOptions, Split, SplitMethod, Splits, Table, Zip, pictures,
};
use kindling::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

/// No file that is dropped is read into memory beyond this.
const LARGEST: usize = 1 << 30;

/// A data set that is being read.
pub struct Reading {
    name: String,
    limits: Limits,
    kind: Kind,
    /// The file that is being read.
    current: Option<(String, Vec<u8>)>,
}

enum Kind {
    Archive(Box<Tar<CifarReader>>),
    Files(Cifar, Box<CifarReader>),
    Zip(String, Vec<u8>),
    Csv,
    Pictures(BTreeMap<String, Vec<u8>>),
    Done(Box<Splits>),
}

impl Reading {
    /// Which reader takes files of these names.
    ///
    /// # Errors
    /// None does.
    pub fn of(paths: &[String], limits: Limits) -> Result<Self> {
        let lower: Vec<String> = paths.iter().map(|path| path.to_ascii_lowercase()).collect();
        let ends = |ending: &str| lower.len() == 1 && lower.iter().all(|path| path.ends_with(ending));
        let first = paths.first().map_or("", String::as_str);
        let name = first.rsplit('/').next().unwrap_or(first).to_owned();
        let hundred =
            lower.iter().any(|path| path.contains("100") || path == "train.bin" || path.ends_with("/train.bin"));
        let set = if hundred { Cifar::Cifar100 } else { Cifar::Cifar10 };
        let (name, kind) = if ends(".tar.gz") || ends(".tgz") {
            return Ok(Self::archive(set, &name, limits));
        } else if ends(".zip") {
            (name, Kind::Zip(String::new(), Vec::new()))
        } else if ends(".csv") {
            (name, Kind::Csv)
        } else if lower.iter().any(|path| path.ends_with(".bin")) {
            return Ok(Self::files(set, limits));
        } else if lower.iter().any(|path| PictureFile::from_path(path).is_some()) {
            let folder = first.split('/').find(|part| !part.is_empty()).unwrap_or("pictures");
            (folder.to_owned(), Kind::Pictures(BTreeMap::new()))
        } else {
            let problem = "is no data set that can be read: drop a CIFAR .tar.gz or its .bin files, a .zip or a folder \
                           with a folder of pictures for each class, or a .csv";
            return Err(Error::file(if name.is_empty() { "nothing" } else { name.as_str() }, problem));
        };
        Ok(Self { name, limits, kind, current: None })
    }

    /// A `.tar.gz` of CIFAR, whose bytes arrive unpacked.
    pub fn archive(set: Cifar, name: &str, limits: Limits) -> Self {
        let archive = Tar::new(name, CifarReader::new(set, limits));
        Self { name: set.name().into(), limits, kind: Kind::Archive(Box::new(archive)), current: None }
    }

    /// The `.bin` files of CIFAR.
    pub fn files(set: Cifar, limits: Limits) -> Self {
        let reader = Box::new(CifarReader::new(set, limits));
        Self { name: set.name().into(), limits, kind: Kind::Files(set, reader), current: None }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A file begins, of so many bytes if that is known. Whether its content is wanted.
    ///
    /// # Errors
    /// It should not be here.
    pub fn begin(&mut self, path: &str, size: Option<u64>) -> Result<bool> {
        let size = size.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        if size.is_some_and(|size| size > LARGEST) && !matches!(self.kind, Kind::Archive(_)) {
            return Err(Error::file(path, format!("is larger than {} MiB, the most that is read", LARGEST >> 20)));
        }
        if let Kind::Files(set, reader) = &mut self.kind {
            // Where a server does not say: as large as the official files.
            let usual = || {
                let split = if path.contains("test") { Split::Test } else { Split::Train };
                set.pictures(split) / set.files(split).len() * set.record()
            };
            return reader.begin(path, size.unwrap_or_else(usual) as u64);
        }
        // An archive is taken apart as it comes.
        if !matches!(self.kind, Kind::Archive(_)) {
            self.current = Some((path.to_owned(), Vec::with_capacity(size.unwrap_or(0))));
        }
        Ok(true)
    }

    /// More of the file.
    ///
    /// # Errors
    /// The content is wrong.
    pub fn data(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.kind {
            Kind::Archive(archive) => archive.push(bytes),
            Kind::Files(_, reader) => reader.data(bytes),
            _ => match &mut self.current {
                Some((path, content)) if content.len() + bytes.len() > LARGEST => {
                    Err(Error::file(&*path, format!("is larger than {} MiB, the most that is read", LARGEST >> 20)))
                }
                Some((_, content)) => {
                    content.extend_from_slice(bytes);
                    Ok(())
                }
                None => Ok(()),
            },
        }
    }

    /// The file has ended.
    ///
    /// # Errors
    /// It ended too early, or cannot be understood.
    pub fn end(&mut self) -> Result<()> {
        if let Kind::Files(_, reader) = &mut self.kind {
            return reader.end();
        }
        let Some((path, content)) = self.current.take() else { return Ok(()) };
        let options = self.options();
        match &mut self.kind {
            Kind::Pictures(files) => drop(files.insert(path, content)),
            Kind::Zip(name, bytes) => (*name, *bytes) = (path, content),
            Kind::Csv => self.kind = Kind::Done(Box::new(table(&path, &content, &options)?)),
            Kind::Archive(_) | Kind::Files(..) | Kind::Done(_) => {}
        }
        Ok(())
    }

    fn options(&self) -> OpenOptions {
        OpenOptions { limits: self.limits, ..OpenOptions::default() }
    }

    fn cifar(&self) -> Option<&CifarReader> {
        match &self.kind {
            Kind::Archive(archive) => Some(archive.sink()),
            Kind::Files(_, reader) => Some(reader),
            _ => None,
        }
    }

    /// How many samples have arrived to train and to test on.
    pub fn arrived(&self) -> [usize; 2] {
        let splits = [Split::Train, Split::Test];
        match (&self.kind, self.cifar()) {
            (_, Some(reader)) => splits.map(|split| self.limited(split, reader.images(split).len())),
            (Kind::Pictures(files), None) => [files.len(), 0],
            (Kind::Done(splits), None) => [splits.train.len(), splits.test.len()],
            _ => [0, 0],
        }
    }

    fn limited(&self, split: Split, count: usize) -> usize {
        count.min(self.limits.of(split).unwrap_or(usize::MAX))
    }

    /// What can be trained on already, as a copy. Nothing for what is read only when it is whole.
    pub fn so_far(&self) -> Option<Splits> {
        let reader = self.cifar()?;
        let kind = reader.set().kind();
        let half = |split: Split| -> Option<Arc<dyn Dataset>> {
            let images = reader.images(split);
            let count = self.limited(split, images.len());
            let part = 0..count;
            Some(Arc::new(images.parts(std::slice::from_ref(&part), count).ok()?))
        };
        let (train, test) = (half(Split::Train)?, half(Split::Test)?);
        Some(Splits::new(&self.name, kind, SplitMethod::Official, train, test))
    }

    /// Everything has arrived; pictures are decoded outside.
    ///
    /// # Errors
    /// It ended too early; nothing is in it that can be trained on; it cannot be understood.
    pub async fn finish(self, outside: &dyn Outside) -> Result<Splits> {
        let options = self.options();
        let name = self.name;
        let (set, reader) = match self.kind {
            Kind::Archive(archive) => {
                let reader = archive.finish()?;
                (reader.set(), reader)
            }
            Kind::Files(set, reader) => (set, *reader),
            Kind::Pictures(mut files) => {
                let found = files.keys().filter_map(|path| PictureFile::from_path(path)).collect();
                let read = async |file: &PictureFile| Ok(files.remove(&file.path).unwrap_or_default());
                return decoded(&name, Collection::new(&name, found, &options)?, read, outside).await;
            }
            Kind::Zip(path, bytes) => {
                let zip = Zip::open(&path, &bytes)?;
                let collection = Collection::new(&path, zip.files(), &options)?;
                let read = async |file: &PictureFile| {
                    let packed = zip.find(file)?;
                    let content = match packed.deflated {
                        true => outside.inflate(packed.data.to_vec(), packed.size()).await,
                        false => Ok(packed.data.to_vec()),
                    };
                    packed.checked(content.map_err(|problem| packed.refused(problem))?)
                };
                return decoded(&name, collection, read, outside).await;
            }
            Kind::Done(splits) => return Ok(*splits),
            Kind::Csv => return Err(Error::file(name, "did not arrive")),
        };
        let (train, test) = reader.finish_with_fewer()?;
        if train.is_empty() {
            let expected = set.files(Split::Train).first().copied().unwrap_or_default();
            let problem = format!("holds no pictures of {}: {expected} is not in it", set.name());
            return Err(Error::file(name, problem));
        }
        let all = self.limits.train.map_or(set.pictures(Split::Train), |n| n.min(set.pictures(Split::Train)));
        let note = (train.len() < all)
            .then(|| format!("{} of the {} training pictures of {} are here.", train.len(), all, set.name()));
        let mut splits = Splits::new(&name, set.kind(), SplitMethod::Official, Arc::new(train), Arc::new(test));
        splits.notes.extend(note);
        Ok(splits)
    }
}

/// Decodes the pictures of a collection, one after the other.
async fn decoded(
    name: &str,
    collection: Collection,
    mut read: impl AsyncFnMut(&PictureFile) -> Result<Vec<u8>>,
    outside: &dyn Outside,
) -> Result<Splits> {
    let mut shape = None;
    let mut all = Vec::with_capacity(collection.files().len());
    for file in collection.files() {
        let decoded = outside.decode(read(file).await?).await;
        let refuse = |problem| Error::file(&file.path, format!("is no picture that can be read: {problem}"));
        let picture = decoded.map_err(refuse)?;
        let shape = *shape.get_or_insert_with(|| collection.shape(&picture));
        all.push(pictures::to_chw(&picture, shape)?);
    }
    collection.into_splits(name, shape.unwrap_or_default(), &all)
}

/// Reads a table and splits it at random.
fn table(name: &str, bytes: &[u8], options: &OpenOptions) -> Result<Splits> {
    let all: Arc<dyn Dataset> = Arc::new(Table::from_csv(name, bytes, None)?);
    Splits::stratified(name, "csv", &all, options)
}

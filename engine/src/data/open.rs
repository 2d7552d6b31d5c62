//! Data sets on a disk: looks at what a path holds and reads it. It knows files; what is in them, the readers
//! beside it know.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::RgbImage;

use super::archive::{Sink, TarGz};
use super::cifar::{Cifar, CifarReader};
use super::dataset::Dataset;
use super::idx;
use super::images::Images;
use super::limits::Split;
use super::pictures::{self, PictureFile};
use super::source::Collection;
use super::splits::{OpenOptions, SplitMethod, Splits};
use super::table::Table;
use super::zip::Zip;
use crate::format::files;
use crate::{Error, Result};

/// Reads a data set: CIFAR-10 or CIFAR-100 (a folder of the official binary files, or the `.tar.gz`), MNIST (a
/// folder of IDX files, gzipped or not), a folder or a zip of pictures by class, a CSV file.
///
/// # Errors
/// Nothing known is there; or what is there is incomplete or damaged. The error names the file, the place in it
/// and what to do.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Splits> {
    let found = |name: &str, kind: &'static str, (train, test): (Images, Images)| {
        Splits::new(name, kind, SplitMethod::Official, Arc::new(train), Arc::new(test))
    };
    let kind = fs::metadata(path).map_err(|e| {
        let hint = "give --data a folder or file, or run `kindling data fetch cifar10`";
        Error::file(path.display(), format!("cannot be opened: {e}; {hint}"))
    })?;
    if kind.is_file() {
        let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        return if name.ends_with(".tar.gz") || name.ends_with(".tgz") {
            let set = if name.contains("100") { Cifar::Cifar100 } else { Cifar::Cifar10 };
            Ok(found(set.name(), set.kind(), cifar_archive(path, set, options)?))
        } else if name.ends_with(".zip") {
            picture_zip(&path.display().to_string(), &files::read(path)?, options)
        } else if name.ends_with(".csv") {
            table(path, options)
        } else {
            Err(Error::file(path.display(), "is no .tar.gz of CIFAR, no .zip of pictures and no .csv"))
        };
    }
    for set in [Cifar::Cifar10, Cifar::Cifar100] {
        for folder in [path.to_owned(), path.join(set.folder())] {
            let names = [Split::Train, Split::Test].into_iter().flat_map(|split| set.files(split));
            // `train.bin` alone would fit anything; the names of the classes stand beside it.
            if names.clone().any(|f| folder.join(f).is_file())
                && (set == Cifar::Cifar10 || folder.join(set.names_file()).is_file())
            {
                return Ok(found(set.name(), set.kind(), cifar_folder(&folder, set, options)?));
            }
        }
    }
    for set in [Cifar::Cifar10, Cifar::Cifar100] {
        let archive = path.join(set.archive());
        if archive.is_file() {
            return Ok(found(set.name(), set.kind(), cifar_archive(&archive, set, options)?));
        }
    }
    let is_idx = |folder: &PathBuf| idx_file(folder, idx::files(Split::Train)[0]).is_some();
    let folders = [path.to_owned(), path.join("raw"), path.join("MNIST/raw"), path.join("FashionMNIST/raw")];
    if let Some(folder) = folders.iter().find(|f| is_idx(f)) {
        return Ok(found("MNIST", "mnist", idx_folder(folder, options)?));
    }
    picture_folder(path, options)
}

fn cifar_folder(folder: &Path, set: Cifar, options: &OpenOptions) -> Result<(Images, Images)> {
    let mut reader = CifarReader::new(set, options.limits);
    let mut buffer = vec![0u8; 1 << 18];
    let names = [Split::Train, Split::Test].into_iter().flat_map(|split| set.files(split)).copied();
    for name in names.chain([set.names_file()]) {
        let path = folder.join(name);
        if !path.exists() {
            continue; // Whether it is missed, the count at the end tells.
        }
        let at = |e: Error| place(&path, e);
        let refuse = |e: std::io::Error| Error::file(path.display(), format!("cannot be read: {e}"));
        let mut file = fs::File::open(&path).map_err(refuse)?;
        let size = file.metadata().map_err(refuse)?.len();
        reader.begin(name, size).map_err(at)?;
        loop {
            let n = file.read(&mut buffer).map_err(refuse)?;
            if n == 0 {
                break;
            }
            reader.data(&buffer[..n]).map_err(at)?;
        }
        reader.end().map_err(at)?;
    }
    reader.finish(&folder.display().to_string())
}

/// The whole path in the place of a file's name.
fn place(path: &Path, error: Error) -> Error {
    match error {
        Error::File { problem, .. } => Error::file(path.display(), problem),
        other => other,
    }
}

fn cifar_archive(path: &Path, set: Cifar, options: &OpenOptions) -> Result<(Images, Images)> {
    let name = path.display().to_string();
    let refuse = |e: std::io::Error| Error::file(&name, format!("cannot be read: {e}"));
    let inside = |e: Error| match e {
        Error::File { file, problem } if file != name => Error::file(&name, format!("{file}: {problem}")),
        other => other,
    };
    let mut file = fs::File::open(path).map_err(refuse)?;
    let mut archive = TarGz::new(&name, CifarReader::new(set, options.limits));
    let mut buffer = vec![0u8; 1 << 18];
    loop {
        let n = file.read(&mut buffer).map_err(refuse)?;
        if n == 0 {
            break;
        }
        archive.push(&buffer[..n]).map_err(inside)?;
    }
    archive.finish().map_err(inside)?.finish(&name)
}

fn idx_file(folder: &Path, name: &str) -> Option<PathBuf> {
    // Some copies have a dot where the official names have a dash.
    let dotted = name.replace("-idx", ".idx");
    [name.to_owned(), format!("{name}.gz"), dotted.clone(), format!("{dotted}.gz")]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

fn idx_folder(folder: &Path, options: &OpenOptions) -> Result<(Images, Images)> {
    let half = |split: Split| {
        let [pictures, labels] = idx::files(split).map(|name| {
            let path = idx_file(folder, name).ok_or_else(|| Error::file(folder.join(name).display(), "is missing"))?;
            Ok::<_, Error>((path.display().to_string(), files::read(&path)?))
        });
        let (pictures, labels) = (pictures?, labels?);
        idx::read((&pictures.0, &pictures.1), (&labels.0, &labels.1), options.limits.of(split))
    };
    Ok((half(Split::Train)?, half(Split::Test)?))
}

/// More files than this are no collection of pictures, but a mistyped folder.
const MOST_FILES: usize = 5_000_000;

fn picture_folder(folder: &Path, options: &OpenOptions) -> Result<Splits> {
    let mut found = Vec::new();
    let mut waiting = vec![(folder.to_owned(), 0)];
    while let Some((here, depth)) = waiting.pop() {
        let entries = fs::read_dir(&here).map_err(|e| Error::file(here.display(), format!("cannot be read: {e}")))?;
        for entry in entries {
            let entry = entry.map_err(|e| Error::file(here.display(), format!("cannot be read: {e}")))?;
            let path = entry.path();
            if path.is_dir() && depth < 4 {
                waiting.push((path, depth + 1));
            } else if let Ok(inside) = path.strip_prefix(folder)
                && let Some(file) = PictureFile::from_path(&inside.to_string_lossy())
            {
                found.push(file);
            }
            if found.len() > MOST_FILES {
                return Err(Error::file(folder.display(), format!("holds more than {MOST_FILES} pictures")));
            }
        }
    }
    if found.is_empty() {
        let problem = "holds no data set: expected data_batch_1.bin … (CIFAR-10), train.bin (CIFAR-100), \
                       cifar-10-binary.tar.gz, train-images-idx3-ubyte (MNIST), or one folder of pictures a class; \
                       `kindling data fetch cifar10` downloads CIFAR-10";
        return Err(Error::file(folder.display(), problem));
    }
    let collection = Collection::new(&folder.display().to_string(), found, options)?;
    decode_all(collection, |file| {
        let path = folder.join(&file.path);
        pictures::decode(&path.display().to_string(), &files::read(&path)?)
    })
}

/// Reads a zip of pictures sorted into folders; see [`PictureFile::from_path`].
///
/// # Errors
/// The zip is damaged, has no pictures in folders, or one cannot be read.
pub fn picture_zip(name: &str, bytes: &[u8], options: &OpenOptions) -> Result<Splits> {
    let zip = Zip::open(name, bytes)?;
    let collection = Collection::new(name, zip.files(), options)?;
    decode_all(collection, |file| pictures::decode(&file.path, &zip.read(file)?))
}

/// Title of a collection of images.
const TITLE: &str = "images";

/// Decodes pictures on all cores.
fn decode_all(collection: Collection, decode: impl Fn(&PictureFile) -> Result<RgbImage> + Sync) -> Result<Splits> {
    let files: Vec<&PictureFile> = collection.files().collect();
    let shape = match files.first() {
        Some(first) => collection.shape(&decode(first)?),
        None => return collection.into_splits(TITLE, [0; 3], &[]),
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(at) else { return done };
            done.push((at, decode(file).and_then(|picture| pictures::to_chw(&picture, shape))));
        }
    };
    let mut all = Vec::with_capacity(files.len());
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let done = worker.join().map_err(|_| Error::internal("a thread that decodes pictures panicked"))?;
            all.extend(done);
        }
        Ok(())
    })?;
    all.sort_by_key(|(at, _)| *at);
    let pictures = all.into_iter().map(|(_, picture)| picture).collect::<Result<Vec<_>>>()?;
    collection.into_splits(TITLE, shape, &pictures)
}

fn table(path: &Path, options: &OpenOptions) -> Result<Splits> {
    let name = path.display().to_string();
    let all: Arc<dyn Dataset> = Arc::new(Table::from_csv(&name, &files::read(path)?, None)?);
    Splits::stratified("table", "csv", &all, options)
}

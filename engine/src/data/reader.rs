//! The one reader of data sets: files come in by name, whole or in pieces, from a folder, an
//! archive, a drop or the network; splits come out. It knows no disk, network or browser;
//! [`Codecs`] are its decoders.

use super::archive::{Sink, Tar};
use super::cifar::{self, Cifar, CifarReader};
use super::codecs::{Codecs, LocalBoxFuture};
use super::files::{Content, Files, MAX_FILE_BYTES, too_large};
use super::layout::{is_hidden, parts};
use super::limits::Split;
use super::splits::{OpenOptions, Splits};
use super::{folder, idx, numpy, table_file};
use crate::{Error, Result};

/// A format of data sets.
struct Format {
    /// Returns `true` if the files are in this format.
    claims: fn(&Files) -> bool,
    /// Reads the files; the first argument names the data in errors.
    read: for<'a> fn(&'a str, &'a Files, &'a OpenOptions, &'a dyn Codecs) -> LocalBoxFuture<'a, Result<Splits>>,
    /// Returns `true` if the format reads files of this name.
    wants: fn(&str) -> bool,
}

/// All formats; the first one that claims the files reads them.
const FORMATS: &[Format] = &[
    Format { claims: cifar::claims, read: |p, f, o, c| Box::pin(cifar::read(p, f, o, c)), wants: cifar::wants },
    Format { claims: idx::claims, read: |p, f, o, c| Box::pin(idx::read_files(p, f, o, c)), wants: idx::wants },
    Format { claims: numpy::claims, read: |p, f, o, c| Box::pin(numpy::read(p, f, o, c)), wants: numpy::wants },
    Format { claims: folder::claims, read: |p, f, o, c| Box::pin(folder::read(p, f, o, c)), wants: folder::wants },
    Format {
        claims: table_file::claims,
        read: |p, f, o, c| Box::pin(table_file::read(p, f, o, c)),
        wants: table_file::wants,
    },
];

/// Returns `true` if a format reads files of this name.
pub fn is_wanted(path: &str) -> bool {
    let name = parts(path).last().map_or(String::new(), |name| name.to_ascii_lowercase());
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    !is_hidden(path) && (is_archive(&name) || FORMATS.iter().any(|format| (format.wants)(plain)))
}

/// Returns `true` for the name of an archive.
pub(super) fn is_archive(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    [".tar", ".tgz", ".tar.gz"].iter().any(|end| name.ends_with(end)) || is_zip(&name)
}

/// Returns `true` for the name of a zip, NumPy's `.npz` among them.
fn is_zip(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    [".zip", ".npz"].iter().any(|end| name.ends_with(end))
}

/// A data set as it is read.
pub struct Reader {
    name: String,
    options: OpenOptions,
    state: State,
}

enum State {
    /// Files come one by one.
    Files(Box<FileSink>),
    /// Files come in a `.tar`.
    Tar(Box<Tar<FileSink>>),
}

impl Reader {
    /// Creates a reader. `name` is the folder, archive or file that errors name.
    pub fn new(name: &str, options: OpenOptions) -> Self {
        let gather = FileSink { options: options.clone(), ..FileSink::default() };
        Self { name: name.to_owned(), options, state: State::Files(Box::new(gather)) }
    }

    /// Creates a reader of complete files.
    pub fn with_files(name: &str, files: Files, options: OpenOptions) -> Self {
        let gather = FileSink { files, options: options.clone(), ..FileSink::default() };
        Self { name: name.to_owned(), options, state: State::Files(Box::new(gather)) }
    }

    /// Returns the name for errors.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Begins a file, with its size in bytes if known. Returns `false` if its content is not
    /// wanted. A file whose name ends in `.tar.gz` or `.tgz` must come decompressed.
    ///
    /// # Errors
    /// The file contradicts the others, or is too large.
    pub fn begin(&mut self, path: &str, size: Option<u64>) -> Result<bool> {
        match &mut self.state {
            State::Tar(_) => Err(Error::file(path, "comes beside an archive: open one of the two")),
            State::Files(gather) => {
                let lower = path.to_ascii_lowercase();
                let is_tar = [".tar", ".tgz", ".tar.gz"].iter().any(|end| lower.ends_with(end));
                if is_tar && parts(path).len() == 1 {
                    self.state = State::Tar(Box::new(Tar::new(path, std::mem::take(&mut **gather))));
                    return Ok(true);
                }
                gather.expected = size;
                gather.begin(path, size.unwrap_or(0))
            }
        }
    }

    /// Receives more of the file.
    ///
    /// # Errors
    /// The content is invalid or too large.
    pub fn data(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.state {
            State::Files(gather) => gather.data(bytes),
            State::Tar(tar) => tar.push(bytes),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The file ended too early, or is a damaged archive.
    pub fn end(&mut self) -> Result<()> {
        match &mut self.state {
            State::Files(gather) => gather.end(),
            State::Tar(_) => Ok(()),
        }
    }

    fn gather(&self) -> &FileSink {
        match &self.state {
            State::Files(gather) => gather,
            State::Tar(tar) => tar.sink(),
        }
    }

    /// Returns the numbers of training and test samples that have arrived.
    pub fn arrived(&self) -> [usize; 2] {
        let gather = self.gather();
        match &gather.cifar {
            Some(reader) => [Split::Train, Split::Test].map(|split| reader.available(split)),
            None => [gather.files.paths().filter(|path| folder::is_image(path)).count(), 0],
        }
    }

    /// Returns a copy of the samples that have arrived; `None` for formats that are read only when
    /// complete.
    pub fn partial(&self) -> Option<Splits> {
        self.gather().cifar.as_ref()?.partial().ok()
    }

    /// Reads the data set after all files have arrived.
    ///
    /// # Errors
    /// The data ended too early, is damaged, in no known format, or has fewer samples than the
    /// limits.
    pub async fn finish(self, codecs: &dyn Codecs) -> Result<Splits> {
        let gather = match self.state {
            State::Files(gather) => *gather,
            State::Tar(tar) => tar.finish()?,
        };
        if let Some(reader) = gather.cifar {
            return reader.finish(&self.name);
        }
        match FORMATS.iter().find(|format| (format.claims)(&gather.files)) {
            Some(format) => (format.read)(&self.name, &gather.files, &self.options, codecs).await,
            None => Err(Error::file(&self.name, unknown(&gather.files))),
        }
    }
}

/// Describes the expected files, and those that came.
fn unknown(files: &Files) -> String {
    let is_empty = files.paths().next().is_none();
    let there = if is_empty { "is empty" } else { "holds no data set that is read" };
    format!(
        "{there}: expected a folder of images for each class, a table (.csv), the files of CIFAR \
         (data_batch_1.bin … or train.bin) or of MNIST (train-images-idx3-ubyte …), NumPy's arrays (x_train, y_train, …), \
         or a .zip or .tar.gz of them"
    )
}

/// Maximum bytes reserved for a file before they arrive.
const MAX_RESERVED: u64 = 16 << 20;

/// Files as they arrive.
#[derive(Default)]
struct FileSink {
    options: OpenOptions,
    files: Files,
    /// Reader of CIFAR's files, which are read as they arrive: training begins before their end.
    cifar: Option<Box<CifarReader>>,
    current: Current,
    /// Size of the next file in bytes, if known.
    expected: Option<u64>,
}

#[derive(Default)]
enum Current {
    #[default]
    None,
    Cifar,
    Bytes(String, Vec<u8>),
}

impl Sink for FileSink {
    fn begin(&mut self, path: &str, size: u64) -> Result<bool> {
        if let Some(set) = Cifar::from_file_name(path) {
            let size = self.expected.take().unwrap_or(if size > 0 { size } else { set.official_size(path) });
            let options = &self.options;
            let reader = self.cifar.get_or_insert_with(|| Box::new(CifarReader::new(set, options.clone())));
            if reader.begin(path, size)? {
                self.current = Current::Cifar;
                return Ok(true);
            }
        }
        if size > MAX_FILE_BYTES && is_wanted(path) {
            return Err(Error::file(path, too_large(size)));
        }
        if !is_wanted(path) {
            if !is_hidden(path) {
                self.files.insert(path, Content::Unread)?;
            }
            return Ok(false);
        }
        self.current = Current::Bytes(path.to_owned(), Vec::with_capacity(size.min(MAX_RESERVED) as usize));
        Ok(true)
    }

    fn data(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.current {
            Current::None => Ok(()),
            Current::Cifar => self.cifar.as_mut().map_or(Ok(()), |reader| reader.data(bytes)),
            Current::Bytes(path, content) => {
                let size = (content.len() + bytes.len()) as u64;
                if size > MAX_FILE_BYTES {
                    return Err(Error::file(&*path, too_large(size)));
                }
                content.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn end(&mut self) -> Result<()> {
        match std::mem::take(&mut self.current) {
            Current::None => Ok(()),
            Current::Cifar => self.cifar.as_mut().map_or(Ok(()), |reader| reader.end()),
            Current::Bytes(path, content) if is_zip(&path) => self.files.insert_zip(&path, content),
            Current::Bytes(path, content) => self.files.insert(&path, Content::Bytes(content)),
        }
    }
}

//! Named files and their bytes: in memory, in a zip, or on a disk, read on demand.

use std::collections::BTreeMap;
#[cfg(not(target_arch = "wasm32"))]
use std::path::PathBuf;
use std::sync::Arc;

use super::codecs::{Codecs, Packing};
use super::layout::parts;
use super::zip::Zip;
use crate::{Error, Result};

/// Maximum bytes of a file that is read whole.
pub const MAX_FILE_BYTES: u64 = 1 << 30;

/// Files by their paths below the folder or archive they come from.
#[derive(Default)]
pub struct Files {
    files: BTreeMap<String, Content>,
}

/// Storage of a file's bytes.
pub enum Content {
    /// In memory.
    Bytes(Vec<u8>),
    /// In memory, gzipped.
    Gzip(Vec<u8>),
    /// In a zip.
    Zip(Arc<Zip>, usize),
    /// On a disk.
    #[cfg(not(target_arch = "wasm32"))]
    Disk(PathBuf),
    /// Not read, because no format reads a file of that name.
    Unread,
}

impl Files {
    /// Adds a file. A gzipped one is stored without its `.gz`, and ignored if the unpacked file is
    /// there too.
    ///
    /// # Errors
    /// Another file has this path.
    pub fn insert(&mut self, path: &str, content: Content) -> Result<()> {
        let plain = path.len().checked_sub(3).filter(|at| path.is_char_boundary(*at)).map(|at| path.split_at(at));
        let plain = plain.filter(|(plain, _)| !plain.to_ascii_lowercase().ends_with(".tar"));
        let (key, content) = match (plain, content) {
            (Some((plain, end)), Content::Bytes(bytes)) if end.eq_ignore_ascii_case(".gz") => {
                (plain, Content::Gzip(bytes))
            }
            (Some((plain, end)), content) if end.eq_ignore_ascii_case(".gz") => (plain, content),
            (_, content) => (path, content),
        };
        let is_packed = key.len() < path.len();
        match self.files.get(key) {
            Some(_) if is_packed => Ok(()),
            Some(Content::Gzip(_)) | None => {
                self.files.insert(key.to_owned(), content);
                Ok(())
            }
            #[cfg(not(target_arch = "wasm32"))]
            Some(Content::Disk(other)) if other.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz")) => {
                self.files.insert(key.to_owned(), content);
                Ok(())
            }
            Some(_) => Err(Error::file(path, "is there twice; rename one of the two")),
        }
    }

    /// Adds the files of a zip.
    ///
    /// # Errors
    /// The zip is damaged, encrypted, or has two files of one name.
    pub fn insert_zip(&mut self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let zip = Arc::new(Zip::open(name, bytes)?);
        let paths: Vec<String> = zip.paths().map(str::to_owned).collect();
        for (index, path) in paths.iter().enumerate() {
            self.insert(path, Content::Zip(zip.clone(), index)).map_err(|e| Error::file(name, e))?;
        }
        Ok(())
    }

    /// Returns all paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Returns the path of the file of this name that is the least deep; of several, the first.
    pub fn find(&self, name: &str) -> Option<&str> {
        let named = self.paths().filter(|path| parts(path).last().is_some_and(|last| *last == name));
        named.min_by_key(|path| parts(path).len())
    }

    /// Returns the bytes of a file, unpacked.
    ///
    /// # Errors
    /// The file does not exist, cannot be read, is damaged, or too large.
    pub async fn read(&self, path: &str, codecs: &dyn Codecs) -> Result<Vec<u8>> {
        let refuse = |problem: String| Error::file(path, problem);
        let bytes = match self.files.get(path) {
            Some(Content::Bytes(bytes)) => return Ok(bytes.clone()),
            Some(Content::Gzip(bytes)) => bytes.clone(),
            Some(Content::Zip(zip, index)) => zip.read(*index, codecs).await?,
            #[cfg(not(target_arch = "wasm32"))]
            Some(Content::Disk(path)) => {
                let refuse = |e: std::io::Error| Error::file(path.display(), format!("cannot be read: {e}"));
                let size = std::fs::metadata(path).map_err(refuse)?.len();
                if size > MAX_FILE_BYTES {
                    return Err(Error::file(path.display(), too_large(size)));
                }
                std::fs::read(path).map_err(refuse)?
            }
            Some(Content::Unread) | None => return Err(refuse("is missing".into())),
        };
        // Not gzipped, in spite of its name.
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            return Ok(bytes);
        }
        let unpacked = codecs.inflate(Packing::Gzip, &bytes, MAX_FILE_BYTES).await;
        unpacked.map_err(|problem| refuse(format!("is damaged or ends too early: {problem}")))
    }
}

/// Returns the message for a file that is too large to be read.
pub fn too_large(bytes: u64) -> String {
    format!("has {bytes} bytes, more than the {} MiB that are read", MAX_FILE_BYTES >> 20)
}

/// Returns a file's name as text. Bytes that are not UTF-8 are written `‹ff›`, so that distinct
/// names stay distinct.
pub fn text_of(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("‹{byte:02x}›"));
        }
    }
    text
}

//! A zip of pictures by class, as bytes.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::CrcReader;
use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive, ZipVerification};

use super::pictures::PictureFile;
use crate::{Error, Result};

/// No picture file is larger than this.
const LARGEST_FILE: u64 = 256 << 20;

/// A zip, opened.
pub struct Zip<'a> {
    name: &'a str,
    archive: ZipSliceArchive<&'a [u8]>,
    pictures: BTreeMap<String, (ZipArchiveEntryWayfinder, CompressionMethod)>,
}

impl<'a> Zip<'a> {
    /// Looks at what a zip holds.
    ///
    /// # Errors
    /// It is damaged.
    pub fn open(name: &'a str, bytes: &'a [u8]) -> Result<Self> {
        let refuse = |e| refused(name, &e);
        let archive = ZipArchive::from_slice(bytes).map_err(refuse)?;
        let mut pictures = BTreeMap::new();
        let mut entries = archive.entries();
        while let Some(entry) = entries.next_entry().map_err(refuse)? {
            let path = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
            if PictureFile::from_path(&path).is_some() {
                pictures.insert(path, (entry.wayfinder(), entry.compression_method()));
            }
        }
        Ok(Self { name, archive, pictures })
    }

    /// The pictures that lie in folders; see [`PictureFile::from_path`].
    pub fn files(&self) -> Vec<PictureFile> {
        self.pictures.keys().filter_map(|path| PictureFile::from_path(path)).collect()
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// It is not there, or damaged, or packed by another method than Deflate.
    pub fn read(&self, file: &PictureFile) -> Result<Vec<u8>> {
        let refuse = |problem: String| Error::file(&file.path, format!("cannot be unpacked: {problem}"));
        let (place, method) = self.pictures.get(&file.path).ok_or_else(|| refuse("it has gone".into()))?;
        let entry = self.archive.get_entry(*place).map_err(|e| refused(self.name, &e))?;
        let packed: Box<dyn Read + '_> = match *method {
            CompressionMethod::STORE => Box::new(entry.data()),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(entry.data())),
            _ => return Err(refuse("it is not packed by Deflate; pack the folder anew".into())),
        };
        let mut content = Vec::new();
        let mut reader = CrcReader::new(packed.take(LARGEST_FILE));
        reader.read_to_end(&mut content).map_err(|e| refuse(e.to_string()))?;
        let found = ZipVerification { crc: reader.crc().sum(), uncompressed_size: content.len() as u64 };
        entry.claim_verifier().valid(found).map_err(|e| refuse(e.to_string()))?;
        Ok(content)
    }
}

fn refused(name: &str, error: &rawzip::Error) -> Error {
    Error::file(name, format!("is no zip that can be read: {error}"))
}

//! A zip of pictures by class, as bytes.

use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive, ZipVerification};
use std::collections::BTreeMap;

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

    /// A file as it lies in the zip.
    ///
    /// # Errors
    /// It is not there, damaged, too large, or packed by another method than Deflate.
    pub fn find(&self, file: &PictureFile) -> Result<Packed<'_>> {
        let refuse = |problem: String| Error::file(&file.path, format!("cannot be unpacked: {problem}"));
        let (place, method) = self.pictures.get(&file.path).ok_or_else(|| refuse("it has gone".into()))?;
        let entry = self.archive.get_entry(*place).map_err(|e| refused(self.name, &e))?;
        let deflated = match *method {
            CompressionMethod::STORE => false,
            CompressionMethod::DEFLATE => true,
            _ => return Err(refuse("it is not packed by Deflate; pack the folder anew".into())),
        };
        let expected = entry.claim_verifier();
        if expected.uncompressed_size > LARGEST_FILE {
            return Err(refuse(format!("it has more than {} MiB", LARGEST_FILE >> 20)));
        }
        let data = entry.data();
        Ok(Packed { path: file.path.clone(), data, deflated, expected })
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// As [`Zip::find`].
    #[cfg(feature = "codecs")]
    pub fn read(&self, file: &PictureFile) -> Result<Vec<u8>> {
        use std::io::Read as _;
        let packed = self.find(file)?;
        if !packed.deflated {
            return packed.checked(packed.data.to_vec());
        }
        let mut content = Vec::new();
        let mut reader = flate2::read::DeflateDecoder::new(packed.data).take(packed.size() as u64 + 1);
        reader.read_to_end(&mut content).map_err(|e| packed.refused(e))?;
        packed.checked(content)
    }
}

/// A file of a zip.
pub struct Packed<'a> {
    path: String,
    /// Its bytes as they lie there.
    pub data: &'a [u8],
    /// Whether they are packed by Deflate.
    pub deflated: bool,
    expected: ZipVerification,
}

impl Packed<'_> {
    /// How many bytes it has, unpacked.
    pub fn size(&self) -> usize {
        usize::try_from(self.expected.uncompressed_size).unwrap_or(usize::MAX)
    }

    /// The content, once it is seen to be what was packed.
    ///
    /// # Errors
    /// It is not.
    pub fn checked(&self, content: Vec<u8>) -> Result<Vec<u8>> {
        let found = ZipVerification { crc: crc32(&content), uncompressed_size: content.len() as u64 };
        self.expected.valid(found).map_err(|e| self.refused(e))?;
        Ok(content)
    }

    /// That it cannot be unpacked.
    pub fn refused(&self, problem: impl std::fmt::Display) -> Error {
        Error::file(&self.path, format!("cannot be unpacked: {problem}"))
    }
}

/// The checksum of zips.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(bytes)
}

fn refused(name: &str, error: &rawzip::Error) -> Error {
    Error::file(name, format!("is no zip that can be read: {error}"))
}

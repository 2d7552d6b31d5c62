//! A zip of pictures by class, as bytes.

use std::io::{Cursor, Read};

use super::images::Images;
use super::pictures::PictureFile;
use super::source::{PictureOptions, read_halves};
use crate::{Error, Result};

/// No picture file is larger than this.
const LARGEST_FILE: u64 = 256 << 20;

/// Reads a zip of pictures sorted into folders; see [`PictureFile::from_path`].
///
/// # Errors
/// The zip is damaged, has no pictures in folders, or one cannot be read.
pub fn read(name: &str, bytes: &[u8], options: &PictureOptions) -> Result<(Images, Images)> {
    let refuse = |e: zip::result::ZipError| Error::file(name, format!("is no zip that can be read: {e}"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(refuse)?;
    let files: Vec<PictureFile> =
        archive.file_names().flatten().filter_map(|path| PictureFile::from_path(&path)).collect();
    let open = |file: &PictureFile| -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let entry = archive.by_name(&file.path).map_err(refuse)?;
        entry
            .take(LARGEST_FILE)
            .read_to_end(&mut content)
            .map_err(|e| Error::file(&file.path, format!("cannot be unpacked: {e}")))?;
        Ok(content)
    };
    read_halves(name, files, options, open)
}

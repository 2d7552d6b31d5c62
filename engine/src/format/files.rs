//! Files on a disk: read whole, written whole or not at all.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// All bytes of a file.
///
/// # Errors
/// It is missing or cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::file(path.display(), format!("cannot be read: {e}")))
}

/// Whether [`write_whole`] could write a file, found out before hours of work depend on it.
///
/// # Errors
/// It could not.
pub fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::file(path.display(), "cannot be written: it is a folder"));
    }
    let (neighbour, refuse) = beside(path)?;
    fs::File::create(&neighbour).and_then(|_| fs::remove_file(&neighbour)).map_err(refuse)
}

/// A new file's place beside `path`, in a folder that is made if it is missing; and the error if it cannot be written.
fn beside(path: &Path) -> Result<(PathBuf, impl Fn(std::io::Error) -> Error)> {
    let refuse = |e: std::io::Error| Error::file(path.display(), format!("cannot be written: {e}"));
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).map_or(PathBuf::from("."), Path::to_path_buf);
    fs::create_dir_all(&folder).map_err(refuse)?;
    let Some(name) = path.file_name() else {
        return Err(Error::file(path.display(), "cannot be written: it names no file"));
    };
    let mut neighbour = name.to_owned();
    neighbour.push(format!(".{}.part", std::process::id()));
    Ok((folder.join(neighbour), refuse))
}

/// Writes a file so that, whatever happens, either the old or the whole new content is there: into a neighbour
/// first, which then takes the name. Missing folders are made.
///
/// # Errors
/// The folder cannot be written or the disk is full; what was there before stays.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let (neighbour, refuse) = beside(path)?;
    let written = fs::File::create(&neighbour).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&neighbour, path)
    });
    written.map_err(|e| {
        // The half-written neighbour is of no use to anyone; that it may not exist is no second error.
        let _ = fs::remove_file(&neighbour);
        refuse(e)
    })
}

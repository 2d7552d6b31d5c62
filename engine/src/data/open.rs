//! Data sets on a disk: lists the files at a path and passes them to the [`Reader`].

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::catalog;
use super::codecs::Native;
use super::files::{Content, Files, text_of};
use super::layout::is_hidden;
use super::reader::{Reader, is_archive, is_wanted};
use super::splits::{OpenOptions, Splits};
use crate::{Error, Result, block_on};

/// Maximum number of files of a folder; a path to more is mistyped.
const MAX_FILES: usize = 5_000_000;

/// Maximum depth of folders below the opened one.
const MAX_DEPTH: usize = 32;

/// Reads a data set from a path: the files of one in the [catalog], unpacked or as downloaded; a
/// folder or an archive of images by class; or a table.
///
/// # Errors
/// No data set is there, or it is incomplete or damaged. The error names the file, the position in
/// it and the remedy.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Splits> {
    let name = text_of(path.as_os_str().as_encoded_bytes());
    let refuse = |e: io::Error| Error::file(&name, format!("cannot be opened: {e}"));
    if fs::metadata(path).map_err(refuse)?.is_file() {
        return open_file(path, &name, options);
    }
    let files = list_files(path)?;
    // Files as downloaded, not unpacked.
    for (official, archive) in catalog::official().filter_map(|(_, official)| Some((official, official.archive()?))) {
        let unpacked = official.train.iter().chain(official.test).any(|file| files.find(file).is_some());
        let packed = path.join(archive.path);
        if !unpacked && packed.is_file() && !has_images(&files) {
            return open_file(&packed, &text_of(packed.as_os_str().as_encoded_bytes()), options);
        }
    }
    // A single archive.
    if let Some(archive) = only_archive(&files).map(|archive| path.join(archive)).filter(|archive| archive.is_file()) {
        return open_file(&archive, &text_of(archive.as_os_str().as_encoded_bytes()), options);
    }
    block_on(Reader::with_files(&name, files, options.clone()).finish(&Native))
}

/// Returns the archive if it is the only file to read.
fn only_archive(files: &Files) -> Option<&str> {
    let mut wanted = files.paths().filter(|path| is_wanted(path));
    let first = wanted.next()?;
    (wanted.next().is_none() && is_archive(first)).then_some(first)
}

fn has_images(files: &Files) -> bool {
    files.paths().any(super::folder::is_image)
}

/// Reads a file: an archive or a table, gzipped or not.
fn open_file(path: &Path, name: &str, options: &OpenOptions) -> Result<Splits> {
    let refuse = |e: io::Error| Error::file(name, format!("cannot be read: {e}"));
    let last = path.file_name().map_or_else(String::new, |last| text_of(last.as_encoded_bytes()));
    let mut file = BufReader::with_capacity(1 << 18, fs::File::open(path).map_err(refuse)?);
    let size = file.get_ref().metadata().map_err(refuse)?.len();
    let is_packed = io::BufRead::fill_buf(&mut file).map_err(refuse)?.starts_with(&[0x1f, 0x8b]);
    let lower = last.to_ascii_lowercase();
    let is_tar = [".tar", ".tgz", ".tar.gz"].iter().any(|end| lower.ends_with(end));
    let is_named_packed = lower.ends_with(".gz") || lower.ends_with(".tgz");
    if is_named_packed && !is_packed {
        return Err(Error::file(name, "is no .tar.gz, or damaged: it does not begin as gzip does"));
    }
    if !is_wanted(&last) {
        let problem =
            "is no data set that is read: give a folder, an archive (.zip, .tar, .tar.gz, .npz) or a table (.csv)";
        return Err(Error::file(name, problem));
    }
    let mut reader = Reader::new(name, options.clone());
    let size = if is_packed { None } else { Some(size) };
    let plain = if is_tar {
        last.as_str()
    } else {
        last.get(..last.len().saturating_sub(3)).filter(|_| is_named_packed).unwrap_or(&last)
    };
    reader.begin(plain, size).map_err(|e| within(name, e))?;
    let mut content: Box<dyn Read> = if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut buffer = vec![0u8; 1 << 18];
    let mut taken = 0u64;
    loop {
        let n = content.read(&mut buffer).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => Error::file(name, format!("ends too early: {taken} bytes of it unpack")),
            _ if is_packed => Error::file(name, format!("is damaged after {taken} unpacked bytes: {e}")),
            _ => refuse(e),
        })?;
        if n == 0 {
            break;
        }
        taken += n as u64;
        reader.data(&buffer[..n]).map_err(|e| within(name, e))?;
    }
    reader.end().map_err(|e| within(name, e))?;
    block_on(reader.finish(&Native)).map_err(|e| within(name, e))
}

/// Prefixes a file's name in an error with its archive's.
fn within(name: &str, error: Error) -> Error {
    match error {
        Error::File { file, problem } if file != name => Error::file(name, format!("{file}: {problem}")),
        other => other,
    }
}

/// Lists all files below a folder. Symbolic links are followed, except to a folder that contains
/// them.
fn list_files(folder: &Path) -> Result<Files> {
    let mut files = Files::default();
    let mut count = 0usize;
    let mut waiting: Vec<(PathBuf, String, usize)> = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((current, prefix, depth)) = waiting.pop() {
        let refuse = |e: io::Error| Error::file(current.display(), format!("cannot be read: {e}"));
        for entry in fs::read_dir(&current).map_err(refuse)? {
            let entry = entry.map_err(refuse)?;
            let path = entry.path();
            let name = format!("{prefix}{}", text_of(entry.file_name().as_encoded_bytes()));
            if is_hidden(&name) {
                continue;
            }
            let is_link = entry.file_type().map_err(refuse)?.is_symlink();
            if path.is_dir() {
                if depth < MAX_DEPTH && !(is_link && is_around(&current, &path)) {
                    waiting.push((path, format!("{name}/"), depth + 1));
                }
                continue;
            }
            count += 1;
            if count > MAX_FILES {
                return Err(Error::file(folder.display(), format!("holds more than {MAX_FILES} files")));
            }
            // Archives are not opened: the files beside them are the data.
            let is_plain = is_wanted(&name) && !is_archive(&name);
            files.insert(&name, if is_plain { Content::Disk(path) } else { Content::Unread })?;
        }
    }
    Ok(files)
}

/// Returns `true` if a symbolic link points to a folder that contains it.
fn is_around(folder: &Path, link: &Path) -> bool {
    match (fs::canonicalize(folder), fs::canonicalize(link)) {
        (Ok(folder), Ok(target)) => folder.starts_with(target),
        _ => true,
    }
}

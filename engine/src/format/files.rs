//! Files on a disk: read whole, and written atomically.
//!
//! Bytes are written to a temporary file beside the target, `NAME.PID.part`, which is then renamed.
//! Symbolic links are followed: the file they lead to is replaced, and the links stay. Only regular
//! files are replaced.

use std::fs::{self, File, FileType};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Maximum length of a chain of symbolic links, as in Linux.
const MAX_LINKS: usize = 40;

/// Reads all bytes of a file.
///
/// # Errors
/// The file is missing or cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::file(path.display(), format!("cannot be read: {e}")))
}

/// Returns the path of the file that a write to `path` replaces or creates: the end of its symbolic
/// links.
///
/// # Errors
/// The path names a folder, a device, a named pipe or a socket; the file is read-only; or the links
/// form a loop.
pub fn target(path: &Path) -> Result<PathBuf> {
    let refuse = |problem: String| Error::file(path.display(), format!("cannot be written: {problem}"));
    if path.as_os_str().as_encoded_bytes().last().is_some_and(|byte| std::path::is_separator(char::from(*byte))) {
        return Err(refuse("it names a folder, not a file".into()));
    }
    let mut file = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        let found = match fs::symlink_metadata(&file) {
            Ok(found) => found,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(file),
            Err(e) => return Err(refuse(e.to_string())),
        };
        if found.is_symlink() {
            let link = fs::read_link(&file).map_err(|e| refuse(e.to_string()))?;
            file = file.parent().map_or(link.clone(), |folder| folder.join(&link));
        } else if !found.is_file() {
            return Err(refuse(format!("it is {}, not a file", kind(found.file_type()))));
        } else if found.permissions().readonly() {
            return Err(refuse("the file that is there is read-only".into()));
        } else {
            return Ok(file);
        }
    }
    Err(refuse(format!("more than {MAX_LINKS} symbolic links follow one another")))
}

/// Names a kind of file that is never written.
fn kind(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a folder" } else { "something else" }
}

/// Returns `true` if two paths lead to one file: by symbolic links, by hard links, or because they
/// would create the same one.
pub fn is_same(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if let (Ok(a), Ok(b)) = (fs::metadata(a), fs::metadata(b)) {
            return (a.dev(), a.ino()) == (b.dev(), b.ino());
        }
    }
    resolve(a) == resolve(b)
}

/// Returns the absolute path without symbolic links; the file need not exist.
pub fn resolve(path: &Path) -> PathBuf {
    let path = target(path).unwrap_or_else(|_| path.to_path_buf());
    let absolute = std::path::absolute(&path).unwrap_or(path);
    let known = absolute.ancestors().find_map(|known| Some((known, known.canonicalize().ok()?)));
    match known {
        Some((known, real)) => absolute.strip_prefix(known).map_or(absolute.clone(), |rest| match rest.as_os_str() {
            rest if rest.is_empty() => real,
            rest => real.join(rest),
        }),
        None => absolute,
    }
}

/// Checks that [`write_whole`] can write a file, before hours of work depend on it. Creates missing
/// folders, and removes temporary files of an earlier program ([`remove_parts`]).
///
/// # Errors
/// The file cannot be written.
pub fn check_writable(path: &Path) -> Result<()> {
    let target = target(path)?;
    let refuse = |e: io::Error| refusal(path, &e);
    fs::create_dir_all(folder(&target)).map_err(refuse)?;
    remove_parts(path);
    let part = part(&target).ok_or_else(|| unnamed(path))?;
    create_part(&part).and_then(|_| fs::remove_file(&part)).map_err(refuse)
}

/// Writes a file atomically: at any time, its content is the old or the new one. Missing folders
/// are created; a replaced file's permissions and owner stay.
///
/// # Errors
/// The target is no file, its folder cannot be written, or the disk is full. The old content stays.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = target(path)?;
    let part = part(&target).ok_or_else(|| unnamed(path))?;
    let written = fs::create_dir_all(folder(&target)).and_then(|()| write_and_rename(&part, &target, bytes));
    written.map_err(|e| {
        // The incomplete temporary file is useless; a failure to remove it is no further error.
        let _ = fs::remove_file(&part);
        refusal(path, &e)
    })
}

/// Writes `bytes` to the file `part` and renames it to `target`.
fn write_and_rename(part: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_part(part)?;
    // The lock shows that the writer is alive; some file systems have no locks.
    let _ = file.try_lock();
    if let Ok(old) = fs::metadata(target) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            // Only the superuser may set another owner; the content matters more.
            let _ = std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()));
        }
        file.set_permissions(old.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(part, target)?;
    // Syncing the folder makes the new name durable; some file systems do not support it.
    #[cfg(unix)]
    let _ = File::open(folder(target)).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Creates the temporary file; a link of that name is not followed.
fn create_part(part: &Path) -> io::Result<File> {
    match fs::remove_file(part) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    File::options().write(true).create_new(true).open(part)
}

/// Renames the file at `path` to a free name, such as `m.1.safetensors`, so that a new file can
/// take the name. By a hard link, so that `path` exists at all times. Returns the new name; `None`
/// if there is no such file.
///
/// # Errors
/// The folder cannot be written or the disk is full.
pub fn set_aside(path: &Path) -> Result<Option<PathBuf>> {
    let target = target(path)?;
    if !target.exists() {
        return Ok(None);
    }
    let refuse = |e: io::Error| Error::file(path.display(), format!("cannot be kept under another name: {e}"));
    for n in 1u64.. {
        let aside = numbered(&target, n).ok_or_else(|| unnamed(path))?;
        match fs::hard_link(&target, &aside) {
            Ok(()) => return Ok(Some(aside)),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            // A file system without hard links.
            Err(_) if !aside.exists() => {
                let copied = File::options().write(true).create_new(true).open(&aside).and_then(|mut to| {
                    io::copy(&mut File::open(&target)?, &mut to)?;
                    to.sync_all()
                });
                return copied.map(|()| Some(aside)).map_err(refuse);
            }
            Err(_) => {}
        }
    }
    Ok(None)
}

/// Returns `m.N.safetensors` for `m.safetensors`, `m.N` for any other `m`.
pub fn numbered(path: &Path, n: u64) -> Option<PathBuf> {
    insert(path, &format!(".{n}"))
}

/// Returns the path with `word` at the end of the file's name, before `.safetensors`.
pub fn insert(path: &Path, word: &str) -> Option<PathBuf> {
    let name = path.file_name()?;
    let plain = path.extension().is_some_and(|e| e == "safetensors").then(|| path.file_stem()).flatten();
    let mut inserted = plain.unwrap_or(name).to_owned();
    inserted.push(word);
    if plain.is_some() {
        inserted.push(".safetensors");
    }
    Some(path.with_file_name(inserted))
}

/// Removes `NAME.PID.part` beside a file if the program of that PID has ended: it was killed while
/// writing.
pub fn remove_parts(path: &Path) {
    let Ok(target) = target(path) else { return };
    let Some(name) = target.file_name() else { return };
    for entry in fs::read_dir(folder(&target)).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && writer(&entry.file_name(), name).is_some_and(|pid| !is_alive(pid)) && !is_locked(&entry.path()) {
            // Another program may have removed it; if not, it does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Returns the PID in `NAME.PID.part`; `None` for other names.
fn writer(part: &std::ffi::OsStr, name: &std::ffi::OsStr) -> Option<u32> {
    let rest = part.as_encoded_bytes().strip_prefix(name.as_encoded_bytes())?;
    let pid = std::str::from_utf8(rest.strip_prefix(b".")?.strip_suffix(b".part")?).ok()?;
    pid.bytes().all(|digit| digit.is_ascii_digit()).then(|| pid.parse().ok())?
}

/// Returns `true` if a process other than this one has the PID: in containers every program may
/// have the same. Where processes cannot be listed, the lock alone decides.
fn is_alive(pid: u32) -> bool {
    pid != std::process::id() && cfg!(target_os = "linux") && Path::new("/proc").join(pid.to_string()).exists()
}

/// Returns `true` if a program holds the lock of a file.
fn is_locked(path: &Path) -> bool {
    let locked = |file: File| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock));
    File::options().write(true).open(path).map(locked).unwrap_or(true)
}

/// Returns the temporary file for `target`.
fn part(target: &Path) -> Option<PathBuf> {
    let mut name = target.file_name()?.to_owned();
    name.push(format!(".{}.part", std::process::id()));
    Some(target.with_file_name(name))
}

/// Returns the folder of a file.
fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn refusal(path: &Path, error: &io::Error) -> Error {
    Error::file(path.display(), format!("cannot be written: {error}"))
}

fn unnamed(path: &Path) -> Error {
    Error::file(path.display(), "cannot be written: it names no file")
}

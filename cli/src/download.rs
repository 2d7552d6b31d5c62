//! Downloads with a progress bar, resumed after an interruption, and verified. The file is
//! `NAME.part` until its checksum is right; the next attempt resumes with it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kindling::format::files;
use kindling::{Error, Result};
use md5::{Digest, Md5};

use crate::{output, stop};

/// Result of a download.
pub struct Fetched {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Number of bytes downloaded now; 0 if the file existed.
    pub downloaded: u64,
}

/// Maximum bytes of a download.
const MAX_BYTES: u64 = 4 << 30;

/// Downloads `url` to `path`, with the MD5 checksum `md5`.
pub fn fetch(url: &str, path: &Path, md5: &str, quiet: bool) -> Result<Fetched> {
    if path.is_file() {
        let (bytes, sum) = checksum(path)?;
        if sum == md5 {
            return Ok(Fetched { bytes, downloaded: 0 });
        }
        let problem = format!("is there, but its checksum is {sum} and not {md5}; move it away to fetch it again");
        return Err(Error::file(path.display(), problem));
    }
    // Neither the file nor its part may be a folder, a device or a pipe; symbolic links are
    // followed.
    let path = &files::target(path)?;
    files::target(&part_of(path))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| Error::file(folder.display(), format!("cannot be made: {e}")))?;
    }
    let part = part_of(path);
    let begun = fs::metadata(&part).map_or(0, |m| m.len());
    let (mut downloaded, restarted) = transfer(url, &part, begun, quiet)?;
    let (mut bytes, mut sum) = checksum(&part)?;
    if sum != md5 && begun > 0 && !restarted {
        // The part may belong to another file: restart from the beginning.
        remove(&part)?;
        downloaded = transfer(url, &part, 0, quiet)?.0;
        (bytes, sum) = checksum(&part)?;
    }
    if sum != md5 {
        remove(&part)?;
        let problem =
            format!("the {bytes} bytes fetched have the checksum {sum}, not the official {md5}; nothing was kept");
        return Err(Error::file(url, problem));
    }
    fs::rename(&part, path).map_err(|e| Error::file(path.display(), format!("cannot be written: {e}")))?;
    Ok(Fetched { bytes, downloaded })
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    name.push(".part");
    path.with_file_name(name)
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|e| Error::file(path.display(), format!("cannot be removed: {e}")))
}

/// Appends the bytes after the first `begun`. Returns their number, and whether the server
/// restarted at the beginning.
fn transfer(url: &str, part: &Path, begun: u64, quiet: bool) -> Result<(u64, bool)> {
    let refuse = |problem: String| Error::file(url, problem);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .http_status_as_error(false)
        .build()
        .into();
    let mut request = agent.get(url);
    if begun > 0 {
        request = request.header("Range", format!("bytes={begun}-"));
    }
    let mut response = request.call().map_err(|e| refuse(format!("cannot be fetched: {e}; is there a network?")))?;
    let status = response.status().as_u16();
    let (from, restarted) = match status {
        206 if begun > 0 => (begun, false),
        // The server has no more bytes: the checksum decides.
        416 if begun > 0 => return Ok((0, false)),
        200 => (0, true),
        other => return Err(refuse(format!("the server answered with status {other}"))),
    };
    let length = response.body().content_length().map(|length| from + length);
    if length.is_some_and(|length| length > MAX_BYTES) {
        return Err(refuse(format!("{} bytes are announced, more than any data set has", length.unwrap_or(0))));
    }
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .append(from > 0)
        .truncate(from == 0)
        .open(part)
        .map_err(|e| Error::file(part.display(), format!("cannot be written: {e}")))?;
    let name = part.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let bar = output::bar(length.unwrap_or(0), "B", quiet).with_prefix(name);
    bar.set_position(from);
    bar.reset_eta();
    let mut body = response.body_mut().as_reader();
    let mut buffer = vec![0u8; 1 << 16];
    let mut received = 0u64;
    loop {
        let n = body.read(&mut buffer).map_err(|e| {
            refuse(format!("broke off after {} bytes: {e}; run the command again to resume", from + received))
        })?;
        if n == 0 {
            break;
        }
        file.write_all(&buffer[..n]).map_err(|e| Error::file(part.display(), format!("cannot be written: {e}")))?;
        received += n as u64;
        bar.inc(n as u64);
        if from + received > MAX_BYTES {
            return Err(refuse("sends more than any data set has".into()));
        }
        if stop::requested() {
            return Err(refuse(format!("stopped after {} bytes; run the command again to resume", from + received)));
        }
    }
    bar.finish_and_clear();
    if let Some(length) = length.filter(|length| from + received < *length) {
        let problem = format!("broke off after {} of {length} bytes; run the command again to resume", from + received);
        return Err(refuse(problem));
    }
    Ok((received, restarted))
}

/// Returns the size and MD5 checksum of a file.
pub fn checksum(path: &Path) -> Result<(u64, String)> {
    let refuse = |e: std::io::Error| Error::file(path.display(), format!("cannot be read: {e}"));
    let mut file = File::open(path).map_err(refuse)?;
    let mut hash = Md5::new();
    let mut buffer = vec![0u8; 1 << 18];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer).map_err(refuse)?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
    Ok((bytes, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;

//! `.tar` as a stream: bytes go in as the disk or the network delivers them, and the content of the
//! files comes out at once. Training can begin before a download has ended. The module knows no
//! particular archive; a [`Sink`] receives the files.

use super::files::text_of;
use crate::{Error, Result};

/// Receiver of the files of an archive.
pub trait Sink {
    /// Begins a file; returns `false` if its content is not wanted.
    ///
    /// # Errors
    /// The archive should not hold this file.
    fn begin(&mut self, path: &str, size: u64) -> Result<bool>;

    /// Receives more content of the file that was begun.
    ///
    /// # Errors
    /// The content is wrong.
    fn data(&mut self, bytes: &[u8]) -> Result<()>;

    /// Ends the file.
    ///
    /// # Errors
    /// The file ended too early.
    fn end(&mut self) -> Result<()>;
}

/// Bytes of a block, the unit of a tar:
/// [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html).
const BLOCK: usize = 512;

enum State {
    /// Before a header.
    Header,
    /// Inside a file: bytes of content and of padding to come, and their receiver.
    File { left: u64, padding: u64, receiver: Receiver },
    /// After the block of zeros that ends an archive.
    End,
}

/// Receiver of an entry's content.
#[derive(Clone, Copy, PartialEq)]
enum Receiver {
    Sink,
    /// The archive itself: the content is the path of the next file, as GNU's and POSIX's `tar`
    /// write long paths.
    LongPath {
        is_pax: bool,
    },
    None,
}

/// Maximum bytes of an entry with a path.
const MAX_PATH_BYTES: u64 = 1 << 16;

/// Streaming reader of a `.tar`.
pub struct Tar<S: Sink> {
    name: String,
    sink: S,
    block: Vec<u8>,
    /// Content of the entry with the next file's path.
    long: Vec<u8>,
    long_path: Option<String>,
    state: State,
    taken: u64,
}

impl<S: Sink> Tar<S> {
    /// Creates a reader; errors call the archive `name`.
    pub fn new(name: &str, sink: S) -> Self {
        let block = Vec::with_capacity(BLOCK);
        Self { name: name.to_owned(), sink, block, long: Vec::new(), long_path: None, state: State::Header, taken: 0 }
    }

    /// Returns the sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// Reads the next bytes of the archive.
    ///
    /// # Errors
    /// The archive is damaged, or the sink refuses its content.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let part = self.take(bytes)?;
            self.taken += part as u64;
            bytes = &bytes[part..];
        }
        Ok(())
    }

    /// Ends the archive and returns the sink.
    ///
    /// # Errors
    /// The archive ended too early.
    pub fn finish(self) -> Result<S> {
        // Some writers leave out the blocks of zeros at the end.
        if matches!(self.state, State::File { .. }) || !self.block.is_empty() {
            return Err(Error::file(&self.name, format!("ends too early, after {} bytes", self.taken)));
        }
        Ok(self.sink)
    }

    /// Reads some of the bytes, and returns their number.
    fn take(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.state {
            State::End => Ok(bytes.len()),
            State::Header => {
                let part = bytes.len().min(BLOCK - self.block.len());
                self.block.extend_from_slice(&bytes[..part]);
                if self.block.len() == BLOCK {
                    self.header()?;
                    self.block.clear();
                }
                Ok(part)
            }
            State::File { left, padding, receiver } => {
                let part = (bytes.len() as u64).min(if *left > 0 { *left } else { *padding });
                if *left > 0 {
                    *left -= part;
                    match receiver {
                        Receiver::Sink => self.sink.data(&bytes[..part as usize])?,
                        Receiver::LongPath { .. } => self.long.extend_from_slice(&bytes[..part as usize]),
                        Receiver::None => {}
                    }
                } else {
                    *padding -= part;
                }
                if *left == 0 && *padding == 0 {
                    let receiver = *receiver;
                    self.state = State::Header;
                    self.end(receiver)?;
                }
                Ok(part as usize)
            }
        }
    }

    fn header(&mut self) -> Result<()> {
        if self.block.iter().all(|byte| *byte == 0) {
            self.state = State::End;
            return Ok(());
        }
        let bad = |problem: String| Error::file("archive", format!("a damaged header: {problem}"));
        let header = tar::Header::from_byte_slice(&self.block);
        // The checksum counts its own eight bytes as spaces.
        let sum = |range: &[u8]| range.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        let expected = sum(&self.block[..148]) + 8 * u32::from(b' ') + sum(&self.block[156..]);
        if header.cksum().map_err(|e| bad(e.to_string()))? != expected {
            return Err(bad("its checksum is wrong".into()));
        }
        let size = header.entry_size().map_err(|e| bad(e.to_string()))?;
        let kind = header.entry_type();
        let receiver = if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
            if size > MAX_PATH_BYTES {
                return Err(bad(format!("a path of {size} bytes")));
            }
            Receiver::LongPath { is_pax: kind.is_pax_local_extensions() }
        } else {
            let path = self.long_path.take().unwrap_or_else(|| text_of(&header.path_bytes()));
            if kind.is_file() && self.sink.begin(&path, size)? { Receiver::Sink } else { Receiver::None }
        };
        let padding = size.wrapping_neg() % BLOCK as u64;
        if size > 0 {
            self.state = State::File { left: size, padding, receiver };
            return Ok(());
        }
        self.end(receiver)
    }

    /// Ends an entry.
    fn end(&mut self, receiver: Receiver) -> Result<()> {
        match receiver {
            Receiver::Sink => self.sink.end(),
            Receiver::None => Ok(()),
            Receiver::LongPath { is_pax } => {
                let content = std::mem::take(&mut self.long);
                if is_pax {
                    // POSIX: records of `length keyword=value\n`.
                    let mut records = tar::PaxExtensions::new(&content).flatten();
                    let path = records.find(|record| record.key_bytes() == b"path");
                    self.long_path = path.map(|record| text_of(record.value_bytes())).or(self.long_path.take());
                } else {
                    self.long_path = Some(text_of(content.split(|byte| *byte == 0).next().unwrap_or_default()));
                }
                Ok(())
            }
        }
    }
}

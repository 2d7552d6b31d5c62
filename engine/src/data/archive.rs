//! `.tar` and `.tar.gz` as they arrive: bytes go in, in whatever pieces the disk or the network gives, and the content of
//! the files inside comes out at once, so that training can begin before a download has ended. It knows no
//! particular archive; a [`Sink`] takes the files.

#[cfg(feature = "codecs")]
mod gz;

#[cfg(feature = "codecs")]
pub use gz::TarGz;

use crate::{Error, Result};

/// What is to be done with the files of an archive.
pub trait Sink {
    /// A file begins. Whether its content is wanted.
    ///
    /// # Errors
    /// The file should not be here.
    fn begin(&mut self, path: &str, size: u64) -> Result<bool>;

    /// More of the content of the file that was wanted.
    ///
    /// # Errors
    /// The content is wrong.
    fn data(&mut self, bytes: &[u8]) -> Result<()>;

    /// The wanted file has ended.
    ///
    /// # Errors
    /// It ended too early.
    fn end(&mut self) -> Result<()>;
}

/// Tar is made of such blocks; [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html).
const BLOCK: usize = 512;

enum State {
    /// A header is expected.
    Header,
    /// Inside a file: bytes of content left, of padding left, whether the sink wants it.
    File { left: u64, padding: u64, wanted: bool },
    /// After the block of zeros that ends an archive.
    End,
}

/// Takes the bytes of a `.tar` apart.
pub struct Tar<S: Sink> {
    name: String,
    sink: S,
    block: Vec<u8>,
    state: State,
    taken: u64,
}

impl<S: Sink> Tar<S> {
    /// For the archive that errors call `name`.
    pub fn new(name: &str, sink: S) -> Self {
        let block = Vec::with_capacity(BLOCK);
        Self { name: name.to_owned(), sink, block, state: State::Header, taken: 0 }
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// The archive's next bytes.
    ///
    /// # Errors
    /// The archive is damaged, or the sink refuses what is in it.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let part = self.take(bytes)?;
            self.taken += part as u64;
            bytes = &bytes[part..];
        }
        Ok(())
    }

    /// The archive has ended: checks that it is whole.
    ///
    /// # Errors
    /// It ended too early.
    pub fn finish(self) -> Result<S> {
        // Some writers leave out the blocks of zeros at the end.
        if matches!(self.state, State::File { .. }) || !self.block.is_empty() {
            return Err(Error::file(&self.name, format!("ends too early, after {} bytes", self.taken)));
        }
        Ok(self.sink)
    }

    /// Takes some of the bytes; how many.
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
            State::File { left, padding, wanted } => {
                let part = (bytes.len() as u64).min(if *left > 0 { *left } else { *padding });
                if *left > 0 {
                    *left -= part;
                    if *wanted {
                        self.sink.data(&bytes[..part as usize])?;
                    }
                } else {
                    *padding -= part;
                }
                if *left == 0 && *padding == 0 {
                    let wanted = *wanted;
                    self.state = State::Header;
                    if wanted {
                        self.sink.end()?;
                    }
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
        let path = String::from_utf8_lossy(&header.path_bytes()).into_owned();
        let wanted = header.entry_type().is_file() && self.sink.begin(&path, size)?;
        let padding = size.wrapping_neg() % BLOCK as u64;
        if size > 0 {
            self.state = State::File { left: size, padding, wanted };
        } else if wanted {
            self.sink.end()?;
        }
        Ok(())
    }
}

//! `.tar.gz` as it arrives: bytes go in, in whatever pieces the disk or the network gives, and the content of
//! the files inside comes out at once, so that training can begin before a download has ended. It knows no
//! particular archive; a [`Sink`] takes the files.

use std::io::{self, Write};

use flate2::write::GzDecoder;

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

/// Takes the bytes of a `.tar.gz` apart.
pub struct TarGz<S: Sink> {
    name: String,
    decoder: GzDecoder<Tar<S>>,
    taken: u64,
}

impl<S: Sink> TarGz<S> {
    /// For the archive that errors call `name`.
    pub fn new(name: &str, sink: S) -> Self {
        let tar = Tar { sink, block: Vec::with_capacity(BLOCK), state: State::Header, failed: None };
        Self { name: name.to_owned(), decoder: GzDecoder::new(tar), taken: 0 }
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.decoder.get_ref().sink
    }

    /// The sink, to take out what it has.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.decoder.get_mut().sink
    }

    /// How many bytes of the archive have been taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The archive's next bytes.
    ///
    /// # Errors
    /// The archive is damaged, or the sink refuses what is in it.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let done = self.decoder.write_all(bytes);
        self.taken += bytes.len() as u64;
        done.map_err(|e| self.explain(&e))
    }

    /// The archive has ended: checks that it is whole.
    ///
    /// # Errors
    /// It ended too early, or its checksum is wrong.
    pub fn finish(mut self) -> Result<S> {
        self.decoder.try_finish().map_err(|e| self.explain(&e))?;
        let tar = self.decoder.get_ref();
        // Some writers leave out the blocks of zeros at the end.
        if matches!(tar.state, State::File { .. }) || !tar.block.is_empty() {
            return Err(Error::file(&self.name, format!("ends too early, after {} bytes", self.taken)));
        }
        let taken = self.taken;
        let tar = self
            .decoder
            .finish()
            .map_err(|e| Error::file(&self.name, format!("is damaged or ends too early, after {taken} bytes: {e}")))?;
        Ok(tar.sink)
    }

    fn explain(&mut self, error: &io::Error) -> Error {
        match self.decoder.get_mut().failed.take() {
            Some(problem) => problem,
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                Error::file(&self.name, format!("ends too early, after {} bytes", self.taken))
            }
            None => Error::file(&self.name, format!("is no .tar.gz, or damaged before byte {}: {error}", self.taken)),
        }
    }
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

struct Tar<S: Sink> {
    sink: S,
    block: Vec<u8>,
    state: State,
    failed: Option<Error>,
}

impl<S: Sink> Tar<S> {
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

impl<S: Sink> Write for Tar<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while taken < bytes.len() {
            match self.take(&bytes[taken..]) {
                Ok(part) => taken += part,
                Err(error) => {
                    let told = io::Error::other(error.to_string());
                    self.failed = Some(error);
                    return Err(told);
                }
            }
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! A `.tar.gz` where no browser unpacks it.

use std::io::{self, Write};

use flate2::write::GzDecoder;

use super::{Sink, Tar};
use crate::{Error, Result};

/// Takes the bytes of a `.tar.gz` apart.
pub struct TarGz<S: Sink> {
    name: String,
    decoder: GzDecoder<Unpacked<S>>,
    taken: u64,
}

impl<S: Sink> TarGz<S> {
    /// For the archive that errors call `name`.
    pub fn new(name: &str, sink: S) -> Self {
        Self {
            name: name.to_owned(),
            decoder: GzDecoder::new(Unpacked { tar: Tar::new(name, sink), failed: None }),
            taken: 0,
        }
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.decoder.get_ref().tar.sink
    }

    /// The sink, to take out what it has.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.decoder.get_mut().tar.sink
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
        let taken = self.taken;
        let unpacked = self
            .decoder
            .finish()
            .map_err(|e| Error::file(&self.name, format!("is damaged or ends too early, after {taken} bytes: {e}")))?;
        unpacked.tar.finish()
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

/// Where unpacked bytes go; an [`io::Error`] cannot hold what went wrong there.
struct Unpacked<S: Sink> {
    tar: Tar<S>,
    failed: Option<Error>,
}

impl<S: Sink> Write for Unpacked<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tar.push(bytes).map(|()| bytes.len()).map_err(|error| {
            let told = io::Error::other(error.to_string());
            self.failed = Some(error);
            told
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

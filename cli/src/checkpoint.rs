//! Files of a run: its model at the end, and checkpoints beside it. A failure to write does not end
//! a run, and a finished model is always saved somewhere.

use std::path::{Path, PathBuf};

use kindling::format::{ModelFile, files};
use kindling::{Error, Result};

use crate::output;

/// A saved file.
pub struct Saved {
    /// Path of the file.
    pub path: PathBuf,
    /// Reason why the path differs from the intended one.
    pub problem: Option<Error>,
}

/// Saves the files of one run.
pub struct Saver {
    out: PathBuf,
    checkpoint: PathBuf,
    /// `true` if the checkpoint is this run's: resumed from or written by it.
    owns_checkpoint: bool,
    has_warned: bool,
}

/// Returns the path of a run's checkpoint, beside the model: `m.checkpoint.safetensors` for
/// `m.safetensors`, `v1.0.checkpoint` for `v1.0`. Different models have different checkpoints.
///
/// # Errors
/// `out` names no file.
pub fn checkpoint_path(out: &Path) -> Result<PathBuf> {
    files::insert(out, ".checkpoint").ok_or_else(|| Error::file(out.display(), "cannot be written: it names no file"))
}

impl Saver {
    /// Prepares to save the files of a run with model `out`, resumed from a checkpoint or not.
    ///
    /// # Errors
    /// `out` names no file.
    pub fn new(out: &Path, resumed: Option<&Path>) -> Result<Self> {
        let checkpoint = checkpoint_path(out)?;
        let owns_checkpoint = resumed.is_some_and(|resumed| files::is_same(resumed, &checkpoint));
        Ok(Self { out: out.to_path_buf(), checkpoint, owns_checkpoint, has_warned: false })
    }

    /// Saves a checkpoint. The first failure prints a warning; the run continues.
    pub fn save_checkpoint(&mut self, file: &ModelFile) {
        if let Err(error) = self.write_checkpoint(file)
            && !std::mem::replace(&mut self.has_warned, true)
        {
            output::warn(format!("no checkpoint is saved, the run continues: {error}"));
        }
    }

    /// Saves the last checkpoint of an interrupted run, in another folder if necessary.
    ///
    /// # Errors
    /// No folder can be written.
    pub fn save_last_checkpoint(&mut self, file: &ModelFile) -> Result<Saved> {
        match self.write_checkpoint(file) {
            Ok(()) => Ok(Saved { path: self.checkpoint.clone(), problem: None }),
            Err(problem) => rescue(&self.checkpoint, file, problem),
        }
    }

    /// Saves the finished model, in another folder if necessary.
    ///
    /// # Errors
    /// No folder can be written.
    pub fn save_model(&self, file: &ModelFile) -> Result<Saved> {
        match files::write_whole(&self.out, &file.to_bytes()?) {
            Ok(()) => Ok(Saved { path: self.out.clone(), problem: None }),
            Err(problem) => rescue(&self.out, file, problem),
        }
    }

    /// Writes a checkpoint; an earlier run's is renamed first.
    fn write_checkpoint(&mut self, file: &ModelFile) -> Result<()> {
        let bytes = file.to_bytes()?;
        if !self.owns_checkpoint
            && let Some(aside) = files::set_aside(&self.checkpoint)?
        {
            self.owns_checkpoint = true;
            output::warn(format!("the checkpoint of an earlier run is now {}", aside.display()));
        }
        files::write_whole(&self.checkpoint, &bytes)?;
        self.owns_checkpoint = true;
        Ok(())
    }
}

/// Writes a file whose `path` failed to the current folder or, failing that, to the system's folder
/// for temporary files.
fn rescue(path: &Path, file: &ModelFile, problem: Error) -> Result<Saved> {
    let bytes = file.to_bytes()?;
    let name = path.file_name().map(PathBuf::from).unwrap_or_else(|| PathBuf::from("model.safetensors"));
    let mut problems = vec![problem.to_string()];
    for folder in [std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")), std::env::temp_dir()] {
        let wanted = folder.join(&name);
        let numbers = (1..).filter_map(|n| files::numbered(&wanted, n));
        let free = std::iter::once(wanted.clone()).chain(numbers).find(|path| path.symlink_metadata().is_err());
        let Some(free) = free else { continue };
        match files::write_whole(&free, &bytes) {
            Ok(()) => {
                let problem = Error::file(problem, format!("it is saved as {} instead", free.display()));
                return Ok(Saved { path: free, problem: Some(problem) });
            }
            Err(error) => problems.push(error.to_string()),
        }
    }
    Err(Error::file(path.display(), format!("is lost, it could be written nowhere: {}", problems.join("; "))))
}

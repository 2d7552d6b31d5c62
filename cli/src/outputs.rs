//! Files that a command will write, checked against those it reads before any work is done. No
//! output destroys an input or a file that Kindling did not write.

use std::path::{Path, PathBuf};

use kindling::format::contents::{Contents, contents};
use kindling::format::files;
use kindling::{Error, Result};

/// Files of a command.
#[derive(Default)]
pub struct Outputs {
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    folders: Vec<(&'static str, PathBuf)>,
}

struct Input {
    flag: &'static str,
    path: PathBuf,
}

struct Output {
    flag: &'static str,
    path: PathBuf,
    over: Over,
}

/// Files that an output may replace. An empty file may always be replaced, an input never.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// A model of an earlier run, but no checkpoint.
    Model,
    /// A checkpoint: the one that the run resumes from, or another one, which is renamed first.
    Checkpoint,
    /// No file.
    Nothing,
    /// Any file: by `--overwrite`, or because nothing would change.
    Anything,
}

/// Flag whose file a checkpoint may replace.
const RESUME: &str = "--resume";

impl Outputs {
    /// Adds an input: a file, or a folder of data.
    #[must_use]
    pub fn reads(mut self, flag: &'static str, path: Option<&Path>) -> Self {
        self.inputs.extend(path.map(|path| Input { flag, path: path.to_path_buf() }));
        self
    }

    /// Adds a file to write.
    #[must_use]
    pub fn writes(mut self, flag: &'static str, path: &Path, over: Over) -> Self {
        self.outputs.push(Output { flag, path: path.to_path_buf(), over });
        self
    }

    /// Adds a folder for new files.
    #[must_use]
    pub fn fills(mut self, flag: &'static str, path: Option<&Path>) -> Self {
        self.folders.extend(path.map(|path| (flag, path.to_path_buf())));
        self
    }

    /// Checks all outputs against all inputs and against each other, without changing files.
    ///
    /// # Errors
    /// An output is an input, is within the data's files, would replace a foreign file, or is no
    /// file.
    pub fn check(&self) -> Result<()> {
        for Output { flag, path, over } in &self.outputs {
            files::target(path)?;
            self.check_inputs(flag, path, *over)?;
            check_contents(flag, path, *over)?;
            let resolved = files::resolve(path);
            let others = self.outputs.iter().map(|o| (o.flag, &o.path)).filter(|(_, other)| *other != path);
            let folders = self.folders.iter().map(|(flag, path)| (*flag, path));
            for (other_flag, other) in others.chain(folders) {
                if files::resolve(other).starts_with(&resolved) {
                    let problem = format!("cannot be written: {flag} names a file there, {other_flag} a folder");
                    return Err(Error::file(path.display(), problem));
                }
            }
        }
        for (flag, path) in &self.folders {
            if path.exists() && !path.is_dir() {
                return Err(Error::file(path.display(), format!("is no folder; {flag} needs one")));
            }
            self.check_data(flag, path, path)?;
        }
        Ok(())
    }

    /// Creates missing folders, removes temporary files of killed programs, and checks that the
    /// files can be written.
    ///
    /// # Errors
    /// A folder cannot be created or written.
    pub fn prepare(&self) -> Result<()> {
        self.outputs.iter().try_for_each(|output| files::check_writable(&output.path))
    }

    /// Checks files, each with its flag, path and content, against the inputs, and writes all or
    /// none. An existing file is replaced with `overwrite`, or if it is equal.
    ///
    /// # Errors
    /// As [`Self::check`]; or a file cannot be written.
    pub fn write_all(self, outputs: &[(&'static str, &Path, &[u8])], overwrite: bool) -> Result<()> {
        let all = outputs.iter().fold(self, |all, (flag, path, bytes)| {
            // Reading a pipe would not end.
            let same = files::target(path).and_then(|path| files::read(&path)).is_ok_and(|old| old == *bytes);
            all.writes(flag, path, if overwrite || same { Over::Anything } else { Over::Nothing })
        });
        all.check()?;
        all.prepare()?;
        outputs.iter().try_for_each(|(_, path, bytes)| files::write_whole(path, bytes))
    }

    /// Refuses an output that is an input or within the files of the data.
    fn check_inputs(&self, flag: &str, path: &Path, over: Over) -> Result<()> {
        for input in &self.inputs {
            let resumed = input.flag == RESUME && over == Over::Checkpoint;
            if !resumed && files::is_same(&input.path, path) {
                let problem = format!("{flag} would overwrite it, and {} reads it; choose another name", input.flag);
                return Err(Error::file(path.display(), problem));
            }
        }
        self.check_data(flag, path, path.parent().unwrap_or(path))
    }

    /// Refuses an output in a subfolder of the data with foreign files, such as a class's images.
    /// The data's top folder may hold a model: no reader takes one for data.
    fn check_data(&self, flag: &str, path: &Path, folder: &Path) -> Result<()> {
        let folder = files::resolve(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let Some(folder) = folder.ancestors().find(|folder| folder.is_dir()) else { return Ok(()) };
        for input in self.inputs.iter().filter(|input| input.path.is_dir()) {
            let data = files::resolve(&input.path);
            if folder != data && folder.starts_with(&data) && holds_foreign_files(folder) {
                let problem = format!(
                    "{flag} would write among the files of {} ({}); choose another folder",
                    input.flag,
                    input.path.display()
                );
                return Err(Error::file(path.display(), problem));
            }
        }
        Ok(())
    }
}

/// Refuses to replace a file that Kindling did not write.
fn check_contents(flag: &str, path: &Path, over: Over) -> Result<()> {
    let problem = match (contents(path), over) {
        (Contents::Nothing | Contents::Empty, _) | (_, Over::Anything | Over::Checkpoint) => return Ok(()),
        (Contents::Model, Over::Model) => return Ok(()),
        (Contents::Checkpoint, Over::Model) => "it is the checkpoint of a run",
        (_, Over::Model) => "it is no model of Kindling",
        (_, Over::Nothing) => "it is another file",
    };
    let advice = if over == Over::Nothing { ", or give --overwrite" } else { "" };
    Err(Error::file(
        path.display(),
        format!("{flag} would overwrite it, and {problem}; choose another name or move it away{advice}"),
    ))
}

/// Returns `true` if a folder holds files that Kindling does not write.
fn holds_foreign_files(folder: &Path) -> bool {
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = name.starts_with("events.out.tfevents.")
            || [".safetensors", ".part", ".py"].iter().any(|ending| name.ends_with(ending));
        !ours && entry.path().is_file()
    })
}

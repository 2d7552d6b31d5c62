//! Processes: printed before they run, their output streamed, their failures named.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Creates a command in the checkout's root, without the variables that `cargo run` set for xtask
/// itself. A build script that watches one of them would otherwise run again whenever xtask starts
/// the build.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(crate::workspace::root());
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let of_cargo_run = name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || matches!(name, "CARGO" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "LD_LIBRARY_PATH");
        if of_cargo_run {
            command.env_remove(name);
        }
    }
    command
}

/// Formats the command line as a person would type it.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let root = crate::workspace::root();
    let root = format!("{}/", root.display());
    let line: Vec<String> = words
        .map(|word| {
            let word = word.to_string_lossy().replace(&root, "");
            if word.is_empty() || word.contains([' ', ';', '\'', '$']) { format!("'{word}'") } else { word }
        })
        .collect();
    line.join(" ")
}

/// Runs a command with its output shown; a failure is an error.
pub fn run(command: &mut Command) -> Result<(), String> {
    eprintln!("$ {}", line(command));
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("{status}: {}", line(command))) }
}

/// Runs a command, printing each line of its standard output and passing it to `each`. Returns
/// `true` if it succeeded.
pub fn stream(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool, String> {
    println!("$ {}", line(command));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error))?;
    if let Some(output) = child.stdout.take() {
        let mut output = BufReader::new(output);
        let mut bytes = Vec::new();
        while output.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let mut stdout = std::io::stdout().lock();
            // A closed terminal is no reason to stop counting.
            let _ = stdout.write_all(&bytes).and_then(|()| stdout.flush());
            each(String::from_utf8_lossy(&bytes).trim_end());
            bytes.clear();
        }
    }
    let status = child.wait().map_err(|error| not_started(command, &error))?;
    Ok(status.success())
}

/// Returns a command's trimmed standard output, or `None` if it cannot be started or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns the program of this name on `PATH`.
pub fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|file| file.is_file())
}

/// Returns `PATH` with these folders in front.
pub fn path_with(folders: &[&Path]) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().map(|folder| folder.to_path_buf()).chain(std::env::split_paths(&rest));
    // Joining fails only for a folder with the separator in its name; the old PATH is then the best
    // one.
    std::env::join_paths(all).unwrap_or(rest)
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start {}: {error}", command.get_program().display())
}

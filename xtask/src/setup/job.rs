//! An installation job: its output goes to a log, so that several can run at once and still be
//! read.

use crate::process::line;
use crate::workspace::cache;
use std::fs::{File, OpenOptions};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Runs the commands of a job in order; the first failure ends it, with the log's last lines in the
/// error.
pub fn run(name: &str, commands: &mut [Command]) -> Result<(), String> {
    let folder = cache()?.join("logs");
    let log = folder.join(format!("{name}.log"));
    let cannot = |error| format!("cannot write {}: {error}", log.display());
    std::fs::create_dir_all(&folder).and_then(|()| File::create(&log).map(drop)).map_err(cannot)?;

    println!("  {name}: installing (log: {})", log.display());
    let start = Instant::now();
    for command in commands {
        let file = OpenOptions::new().append(true).open(&log).map_err(cannot)?;
        let copy = file.try_clone().map_err(cannot)?;
        let status = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .status()
            .map_err(|error| format!("{name}: cannot start `{}`: {error}", line(command)))?;
        if !status.success() {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let tail = lines[lines.len().saturating_sub(30)..].join("\n    ");
            return Err(format!("{name}: {status}: {}\n    {tail}", line(command)));
        }
    }
    println!("  {name}: installed in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

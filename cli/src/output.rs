//! Output for people and for programs: lines of text, or one JSON object per line. A progress bar
//! in tqdm's format, on the error stream, if that is a terminal.
//!
//! All output goes through [`line`], [`object`] or [`warn`]. [`shown`] escapes names from files, so
//! that they cannot control the terminal. A closed or full output stream ends no run.

use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use kindling::{Error, Result};
use serde_json::Value;

/// First failure to print, except to a closed pipe.
static FAILED: Mutex<Option<String>> = Mutex::new(None);

/// Current progress bar.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Prints a line. A closed pipe (`| head`) or a full disk does not end a run: [`finish`] reports
/// it.
pub fn line(text: impl std::fmt::Display) -> Result<()> {
    print(&shown(&text.to_string()));
    Ok(())
}

/// Prints notes on the data on the error stream.
pub fn notes(notes: &[String]) {
    notes.iter().for_each(|note| error_text(&format!("note: {note}")));
}

/// Prints an object on one line.
pub fn object(value: &Value) -> Result<()> {
    let text = value.to_string();
    // JSON has its own escapes for such characters in strings.
    print(&escaped(&text, |c| format!("\\u{:04x}", c as u32)));
    Ok(())
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        FAILED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
    }
}

/// Reports whether all lines were printed.
///
/// # Errors
/// The disk is full, or the stream was closed other than by its reader.
pub fn finish() -> Result<()> {
    match FAILED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(problem) => Err(Error::file("standard output", format!("cannot be written: {problem}"))),
        None => Ok(()),
    }
}

/// Prints a warning on the error stream, above the progress bar.
pub fn warn(text: impl std::fmt::Display) {
    error_line(&format!("warning: {text}"));
}

/// Prints the program's name and `text` on one line of the error stream.
pub fn error_line(text: &str) {
    // Messages of libraries may have several lines.
    error_text(&format!("kindling: {}", text.split_whitespace().collect::<Vec<_>>().join(" ")));
}

/// Prints a line on the error stream, if that is writable.
pub fn error_text(line: &str) {
    let write = || {
        // No other stream can report this error.
        let _ = writeln!(std::io::stderr(), "{}", shown(line));
    };
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    bar.map_or_else(write, |bar| bar.suspend(write));
}

/// Escapes a text for a terminal: control characters, and those that change the direction of text,
/// are written as in Rust, such as `\u{1b}`.
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, |c| match c {
        '\n' | '\r' | '\t' => c.escape_default().to_string(),
        c => c.escape_unicode().to_string(),
    })
}

/// Returns a path as a JSON string; bytes that are not UTF-8 are replaced.
pub fn path(path: &Path) -> Value {
    path.to_string_lossy().into()
}

/// Quotes a path for a shell's command line.
pub fn word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    match text.chars().all(plain) && !text.is_empty() {
        true => text.into_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

fn escaped(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(commands_terminal) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if commands_terminal(c) { escape(c) } else { c.to_string() }).collect())
}

/// Returns `true` for characters that a terminal interprets instead of showing: control characters
/// (Unicode's Cc), direction marks and overrides, line separators, invisible operators and the byte
/// order mark.
fn commands_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Formats a number with commas between thousands.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats seconds as tqdm does: 01:05, 2:01:05.
fn clock(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m:02}:{s:02}") }
}

/// Creates a bar `name  45%|████▌     | 176/391 [00:41<00:50, 4.3 batch/s, loss 1.21]`; hidden if
/// `quiet`, or without a terminal.
pub fn bar(total: u64, unit: &'static str, quiet: bool) -> ProgressBar {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let watched = std::io::stderr().is_terminal() && !dumb && !quiet;
    let target = if watched { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    let bytes = unit == "B";
    let template = if bytes {
        "{prefix} {percent:>3}%|{bar:20}| {bytes}/{total_bytes} [{clock}, {bytes_per_sec}{msg}]"
    } else {
        "{prefix} {percent:>3}%|{bar:20}| {pos}/{len} [{clock}, {speed}{msg}]"
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style
        .progress_chars("█▉▊▋▌▍▎▏ ")
        .with_key("clock", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let (elapsed, left) = (state.elapsed().as_secs(), state.eta().as_secs());
            // A failure to draw the bar does not end the run.
            let _ = write!(out, "{}<{}", clock(elapsed), clock(left));
        })
        .with_key("speed", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let rate = state.per_sec();
            let _ = match rate {
                rate if rate > 0.0 && rate < 1.0 => write!(out, "{:.2} s/{unit}", 1.0 / rate),
                rate => write!(out, "{rate:.1} {unit}/s"),
            };
        });
    bar.set_style(style);
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = watched.then(|| bar.clone());
    bar
}

#[cfg(test)]
mod tests {
    use super::{clock, shown, thousands};

    #[test]
    fn names_cannot_command_a_terminal() {
        let shows = |text, want| assert_eq!(shown(text), want, "{text:?}");
        shows("plain – 日本 äöü \u{1f600}\u{200d} a\\b", "plain – 日本 äöü \u{1f600}\u{200d} a\\b");
        shows("\u{1b}]0;title\u{7}\u{1b}[2J", "\\u{1b}]0;title\\u{7}\\u{1b}[2J");
        shows("a\nb\rc\td\u{7f}\u{9b}31m", "a\\nb\\rc\\td\\u{7f}\\u{9b}31m");
        shows("gpj.\u{202e}exe\u{2066}", "gpj.\\u{202e}exe\\u{2066}");
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!([0, 999, 1000, 50_000, 1_234_567].map(thousands), ["0", "999", "1,000", "50,000", "1,234,567"]);
        assert_eq!([5, 65, 7265].map(clock), ["00:05", "01:05", "2:01:05"]);
    }
}

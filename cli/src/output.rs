//! What a person reads and what a machine reads: lines of text, or one JSON object a line. A progress bar as tqdm
//! draws it, on the error stream, and only where someone watches.

use std::io::{ErrorKind, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use kindling::{Error, Result};
use serde_json::Value;

/// Prints a line. A reader that has gone away (`| head`) is no reason to lose a run: the rest is not printed.
pub fn line(text: impl std::fmt::Display) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    match written {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Error::file("standard output", format!("cannot be written: {e}")))
        }
        _ => Ok(()),
    }
}

/// Prints an object on a line.
pub fn object(value: &Value) -> Result<()> {
    line(value)
}

/// A number with commas between thousands.
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

/// Seconds as tqdm writes them: 01:05, 2:01:05.
fn clock(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m:02}:{s:02}") }
}

/// `name  45%|████▌     | 176/391 [00:41<00:50, 4.3 batch/s, loss 1.21]`, if someone watches and `quiet` is not asked.
pub fn bar(total: u64, unit: &'static str, quiet: bool) -> ProgressBar {
    let watched = std::io::stderr().is_terminal() && !quiet;
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
            // A line that cannot be drawn is no reason to stop.
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
    bar
}

#[cfg(test)]
mod tests {
    use super::{clock, thousands};

    #[test]
    fn numbers_for_people() {
        assert_eq!([0, 999, 1000, 50_000, 1_234_567].map(thousands), ["0", "999", "1,000", "50,000", "1,234,567"]);
        assert_eq!([5, 65, 7265].map(clock), ["00:05", "01:05", "2:01:05"]);
    }
}

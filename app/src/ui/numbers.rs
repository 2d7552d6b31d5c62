//! Number formats: thousands separators, durations, percentages.

use kindling::train::Evaluation;

/// Formats an integer with separators: `62,006`.
pub fn whole(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a count.
pub fn count(number: usize) -> String {
    whole(number as u128)
}

/// Formats a number in about three digits: `8,420`, `43.2`, `0.031`.
pub fn amount(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    match number.abs() {
        size if size >= 100.0 => format!("{}{}", if number < 0.0 { "−" } else { "" }, whole(size.round() as u128)),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 1.0 => format!("{number:.2}"),
        0.0 => "0".into(),
        size if size >= 1e-3 => format!("{number:.3}"),
        _ => format!("{number:.1e}"),
    }
}

/// Formats a loss or another metric in four decimals.
pub fn figure(number: f64) -> String {
    match number.abs() {
        size if !size.is_finite() => number.to_string(),
        size if size >= 1e5 || (size > 0.0 && size < 1e-4) => format!("{number:.3e}"),
        size if size >= 100.0 => format!("{number:.1}"),
        _ => format!("{number:.4}"),
    }
}

/// Formats a learning rate in up to four significant digits: `0.001`, `3.0e-5`.
pub fn rate(number: f64) -> String {
    match number.abs() {
        size if !size.is_finite() || size == 0.0 => number.to_string(),
        size if size < 1e-4 => format!("{number:.1e}"),
        size => {
            let digits = (3 - size.log10().floor() as i32).clamp(0, 9) as usize;
            let text = format!("{number:.digits$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}

/// Formats a fraction as a percentage: `61.3 %`.
pub fn percent(fraction: f64) -> String {
    if fraction.is_finite() { format!("{:.1}\u{a0}%", fraction * 100.0) } else { "–".into() }
}

/// Formats the metrics of an evaluation besides its loss: `, 61.3 % correct`, or MAE and R² of a
/// regression.
pub fn result(test: &Evaluation) -> String {
    match (test.accuracy, test.regression) {
        (_, Some(errors)) => format!(", MAE {}, R² {:.4}", amount(errors.mae), errors.r2),
        (Some(accuracy), None) => format!(", {} correct", percent(accuracy)),
        (None, None) => String::new(),
    }
}

/// Formats seconds as tqdm does: `00:41`, `1:02:03`.
pub fn clock(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "?".into();
    }
    let all = seconds as u64;
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

/// Formats a shape: `16×5×5`.
pub fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

/// Formats a bar as tqdm does, in eighths of a block.
pub fn bar(fraction: f64, width: usize) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let filled = (fraction.clamp(0.0, 1.0) * (width * 8) as f64) as usize;
    let mut bar = "█".repeat(filled / 8);
    if filled / 8 < width {
        bar.push(EIGHTHS[filled % 8]);
        bar.push_str(&" ".repeat(width - filled / 8 - 1));
    }
    bar
}

/// Progress of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Number of the epoch, from 1, and number of epochs.
    pub epoch: [usize; 2],
    /// Number of batches processed, and in all.
    pub batch: [usize; 2],
    /// Seconds since its start.
    pub elapsed: f64,
    /// Last loss.
    pub loss: Option<f64>,
    /// Recent batches per second.
    pub rate: f64,
}

impl Progress {
    /// Returns the finished fraction of the epoch.
    pub fn fraction(&self) -> f64 {
        self.batch[0] as f64 / self.batch[1].max(1) as f64
    }

    /// Formats the progress as tqdm does:
    /// `epoch 3/15  45%|████▌     | 176/391 [00:41<00:50, 4.3 batch/s, loss 1.21]`.
    pub fn line(&self) -> String {
        let left = (self.batch[1].saturating_sub(self.batch[0])) as f64 / self.rate;
        let loss = self.loss.map_or(String::new(), |loss| {
            if loss.abs() < 1e5 { format!(", loss {loss:.2}") } else { format!(", loss {}", figure(loss)) }
        });
        let rate = if self.rate.is_finite() && self.rate > 0.0 { amount(self.rate) } else { "?".into() };
        format!(
            "epoch {}/{} {:3.0}%|{}| {}/{} [{}<{}, {rate} batch/s{loss}]",
            self.epoch[0],
            self.epoch[1],
            self.fraction() * 100.0,
            bar(self.fraction(), 10),
            self.batch[0],
            self.batch[1],
            clock(self.elapsed),
            clock(left),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 7, 999, 1000, 62_006, 1_234_567].map(count), ["0", "7", "999", "1,000", "62,006", "1,234,567"]);
        assert_eq!([8420.4, 43.21, 4.321, 0.0312, 0.0].map(amount), ["8,420", "43.2", "4.32", "0.031", "0"]);
    }

    #[test]
    fn rates_are_short() {
        let rates = [0.001, 0.01, 0.000_5, 3.2e-5, 0.1, 0.0625, 0.0, 1.0].map(rate);
        assert_eq!(rates, ["0.001", "0.01", "0.0005", "3.2e-5", "0.1", "0.0625", "0", "1"]);
    }

    #[test]
    fn the_line_has_the_format_of_tqdm() {
        let progress = Progress { epoch: [3, 15], batch: [176, 391], elapsed: 41.2, loss: Some(1.2149), rate: 4.3 };
        assert_eq!(progress.line(), "epoch 3/15  45%|████▌     | 176/391 [00:41<00:50, 4.30 batch/s, loss 1.21]");
        let diverged = Progress { loss: Some(7.4386e23), ..progress };
        assert!(diverged.line().ends_with("loss 7.439e23]"), "{}", diverged.line());
        let begun = Progress { epoch: [1, 2], batch: [0, 10], ..Progress::default() };
        assert_eq!(begun.line(), "epoch 1/2   0%|          | 0/10 [00:00<?, ? batch/s]");
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(clock(3723.0), "1:02:03");
    }
}

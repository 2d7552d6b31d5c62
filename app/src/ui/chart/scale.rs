//! Mapping from values to pixels: ranges, ticks, and lines thinned to one stroke per column. The
//! module knows no canvas.

/// A range of values along an axis of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Value at the beginning of the axis.
    pub low: f64,
    /// Value at its end.
    pub high: f64,
    /// Beginning and end of the axis, in pixels.
    pub pixels: [f64; 2],
    /// True if equal distances are equal factors.
    pub log: bool,
}

impl Scale {
    /// Creates a scale over the range, widened if it is empty, and above zero if it is logarithmic.
    pub fn new(low: f64, high: f64, pixels: [f64; 2], log: bool) -> Self {
        let (mut low, mut high) = (low.min(high), low.max(high));
        if log {
            low = low.max(f64::MIN_POSITIVE);
            high = high.max(low);
            if high / low < 1.01 {
                (low, high) = (low / 1.1, high * 1.1);
            }
        } else if high - low <= f64::EPSILON * high.abs().max(1.0) {
            let margin = (high.abs() * 0.1).max(1e-6);
            (low, high) = (low - margin, high + margin);
        }
        Self { low, high, pixels, log }
    }

    /// Returns the pixel of a value.
    pub fn pixel(&self, value: f64) -> f64 {
        let part = if self.log {
            (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.pixels[0] + part * (self.pixels[1] - self.pixels[0])
    }

    /// Returns the value at a pixel.
    pub fn value(&self, pixel: f64) -> f64 {
        let part = (pixel - self.pixels[0]) / (self.pixels[1] - self.pixels[0]);
        if self.log { self.low * (self.high / self.low).powf(part) } else { self.low + part * (self.high - self.low) }
    }

    /// Returns about `wanted` round values to mark.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        if self.log {
            let factors: &[f64] = if (self.high / self.low).log10() < 2.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            let first = self.low.log10().floor() as i32;
            let last = self.high.log10().ceil() as i32;
            let all = (first..=last).flat_map(|power| factors.iter().map(move |f| f * 10f64.powi(power)));
            return all.filter(|tick| (self.low..=self.high).contains(tick)).collect();
        }
        let step = round_step((self.high - self.low) / wanted.max(1) as f64);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).take(100).map(|n| n as f64 * step).collect()
    }
}

/// Returns 1, 2 or 5 times a power of ten, not below `rough`.
fn round_step(rough: f64) -> f64 {
    if !rough.is_finite() || rough <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|f| f * power).find(|step| *step >= rough * 0.999).unwrap_or(power * 10.0)
}

/// Formats a tick in as few digits as keep neighbors distinct.
pub fn label(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if size >= 1e9 {
        // Without trailing zeros of the mantissa: `2.5e11`, `3e23`.
        format!("{:e}", format!("{value:.2e}").parse::<f64>().unwrap_or(value))
    } else if size >= 1e6 {
        format!("{}M", trim(value / 1e6, 2))
    } else if size >= 1e4 {
        format!("{}k", trim(value / 1e3, 2))
    } else if size >= 1e-3 {
        trim(value, 4)
    } else {
        format!("{value:.0e}")
    }
}

fn trim(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Values of a line in one column of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Pixel column.
    pub x: f64,
    /// First value.
    pub first: f64,
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
    /// Last value.
    pub last: f64,
}

/// Thins points in order of x to one entry per pixel column, preserving every peak. Values that are
/// not finite are skipped.
pub fn columns(points: impl Iterator<Item = (f64, f64)>, x: &Scale) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (at, value) in points.filter(|(_, value)| value.is_finite()) {
        let pixel = x.pixel(at);
        match columns.last_mut() {
            Some(column) if pixel.floor() == column.x.floor() => {
                column.low = column.low.min(value);
                column.high = column.high.max(value);
                column.last = value;
            }
            _ => columns.push(Column { x: pixel, first: value, low: value, high: value, last: value }),
        }
    }
    columns
}

/// Computes an exponential moving average: each value has the weight `1 − weight`, with
/// TensorBoard's bias correction.
pub fn smooth(values: impl Iterator<Item = f64>, weight: f64) -> impl Iterator<Item = f64> {
    let (mut mean, mut total) = (0.0, 0.0);
    values.map(move |value| {
        if !value.is_finite() {
            return value;
        }
        mean = mean * weight + value * (1.0 - weight);
        total = total * weight + (1.0 - weight);
        if total > 0.0 { mean / total } else { value }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_pixels_are_inverse() {
        for log in [false, true] {
            let scale = Scale::new(0.1, 100.0, [300.0, 10.0], log);
            for value in [0.1, 1.0, 37.0, 100.0] {
                assert!((scale.value(scale.pixel(value)) - value).abs() < 1e-9, "{value}");
            }
            assert_eq!(scale.pixel(0.1), 300.0);
        }
    }

    #[test]
    fn ticks_are_round() {
        let ticks: Vec<String> = Scale::new(0.0, 1.0, [0.0, 1.0], false).ticks(5).into_iter().map(label).collect();
        assert_eq!(ticks, ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(Scale::new(0.5, 30.0, [0.0, 1.0], true).ticks(5), [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]);
        assert!(!Scale::new(2.3, 2.3, [0.0, 1.0], false).ticks(4).is_empty());
        assert_eq!([0.0, 0.25, 1.5, 12_500.0, 3e6, 1e-5].map(label), ["0", "0.25", "1.5", "12.5k", "3M", "1e-5"]);
        assert_eq!([2.5e11, -3e23].map(label), ["2.5e11", "-3e23"]);
    }

    #[test]
    fn thinning_keeps_peaks() {
        let x = Scale::new(0.0, 99_999.0, [0.0, 500.0], false);
        let points = (0..100_000).map(|i| (f64::from(i), if i == 41_234 { 9.0 } else { f64::from(i % 2) }));
        let thin = columns(points, &x);
        assert!(thin.len() <= 501, "{}", thin.len());
        assert_eq!(thin.iter().map(|c| c.high).fold(0.0, f64::max), 9.0);
        // The last column holds the last point only.
        assert!(thin[..thin.len() - 1].iter().all(|c| c.low == 0.0));
    }

    #[test]
    fn smoothing_starts_at_the_first_value() {
        let smoothed: Vec<f64> = smooth([2.0, 2.0, f64::NAN, 0.0].into_iter(), 0.5).collect();
        assert_eq!(smoothed[..2], [2.0, 2.0]);
        assert!(smoothed[2].is_nan());
        assert!(smoothed[3] > 0.0 && smoothed[3] < 2.0);
        assert_eq!(smooth([1.0, 5.0].into_iter(), 0.0).collect::<Vec<_>>(), [1.0, 5.0]);
    }
}

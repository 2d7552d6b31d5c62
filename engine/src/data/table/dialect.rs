//! Detection of a table's delimiter and number format, by trial as in Python's `csv.Sniffer`.
//! A delimiter is distinguished from a decimal comma.

use std::borrow::Cow;

use super::cell::{NumberFormat, is_grouped, is_missing};
use crate::{Error, Result};

/// Delimiters in order of preference, with their descriptions.
const DELIMITERS: [(u8, &str); 4] =
    [(b',', "comma separated"), (b';', "semicolon separated"), (b'\t', "tab separated"), (b'|', "bar separated")];

/// Description of a table whose delimiter is whitespace.
const SPACES: &str = "space separated";

/// Number of rows to try, and of bytes to take them from.
const SAMPLE_ROWS: usize = 200;
const SAMPLE_BYTES: usize = 1 << 18;

/// Rows of cells, with a number format.
#[derive(Clone, Debug)]
pub struct Dialect<'a> {
    text: Cow<'a, str>,
    delimiter: u8,
    /// Number of lines before the text: `sep=;`.
    skipped_lines: u64,
    /// Description of the delimiter.
    pub name: &'static str,
    /// Number format.
    pub numbers: NumberFormat,
}

/// Returns a reader of a text, with cells trimmed; quoted cells may have newlines.
fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

/// Quality of a delimiter.
#[derive(Clone, Copy)]
struct Fit {
    /// Fraction of the rows with the most common width.
    same: f64,
    /// Fraction of the cells that are numbers, plus that of cells without another delimiter.
    sense: f64,
    /// Most common number of cells in a row.
    width: usize,
}

impl Fit {
    /// Returns `true` for the better fit: more rows of one width, unless both are nearly equal;
    /// then more valid cells; then more columns.
    fn is_better(self, other: Self) -> bool {
        match (self.same - other.same).abs() > 0.1 {
            true => self.same > other.same,
            false => (self.sense, self.width) > (other.sense, other.width),
        }
    }
}

/// Tries a delimiter; `None` if the text has a single column.
fn fit(sample: &str, delimiter: u8, whole: bool) -> Option<Fit> {
    let mut rows: Vec<csv::StringRecord> =
        reader(sample, delimiter).into_records().map_while(std::result::Result::ok).take(SAMPLE_ROWS + 1).collect();
    // The last row may be truncated.
    if rows.len() > SAMPLE_ROWS || (!whole && rows.len() > 1) {
        rows.pop();
    }
    let mut widths: Vec<usize> = rows.iter().map(csv::StringRecord::len).collect();
    widths.sort_unstable();
    let usual = *widths.get(widths.len() / 2)?;
    let same = widths.iter().filter(|width| **width == usual).count();
    let comma = NumberFormat { decimal_comma: delimiter != b',', thousands: true };
    let is_number =
        |cell: &str| is_missing(cell) || NumberFormat::default().number(cell).is_some() || comma.number(cell).is_some();
    let cells = rows.iter().flat_map(|row| row.iter());
    let is_plain =
        |cell: &str| !DELIMITERS.iter().any(|(other, _)| *other != delimiter && cell.contains(char::from(*other)));
    let numbers = cells.clone().filter(|cell| is_number(cell)).count();
    let sense = numbers + cells.clone().filter(|cell| is_number(cell) || is_plain(cell)).count();
    let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
    (usual >= 2).then(|| Fit { same: share(same, rows.len()), sense: share(sense, cells.count()), width: usual })
}

impl<'a> Dialect<'a> {
    /// Detects the dialect of a text. A first line `sep=;`, as Excel writes it, sets the delimiter.
    ///
    /// # Errors
    /// There are no rows, or only one column.
    pub fn detect(name: &str, text: &'a str) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(Error::file(name, "has no rows"));
        }
        let first = text.lines().next().unwrap_or_default().trim_matches('"');
        if let Some(&[delimiter]) = first.strip_prefix("sep=").map(str::as_bytes)
            && let Some((_, rest)) = text.split_once('\n')
            && let Some((_, called)) = DELIMITERS.iter().find(|(known, _)| *known == delimiter)
        {
            let dialect = Self::new(Cow::Borrowed(rest), delimiter, called);
            return Ok(Self { skipped_lines: 1, ..dialect });
        }
        let mut end = text.len().min(SAMPLE_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (sample, whole) = (&text[..end], end == text.len());
        let mut best: Option<(Fit, u8, &'static str)> = None;
        for (delimiter, called) in DELIMITERS {
            let Some(fit) = fit(sample, delimiter, whole) else { continue };
            if best.is_none_or(|(known, ..)| fit.is_better(known)) {
                best = Some((fit, delimiter, called));
            }
        }
        if let Some((_, delimiter, called)) = best {
            return Ok(Self::new(Cow::Borrowed(text), delimiter, called));
        }
        let tabbed: String = text
            .lines()
            .flat_map(|line| [line.split_whitespace().collect::<Vec<_>>().join("\t"), "\n".into()])
            .collect();
        match fit(&tabbed, b'\t', true) {
            Some(fit) if fit.same > 0.9 && fit.sense > 1.25 => Ok(Self::new(Cow::Owned(tabbed), b'\t', SPACES)),
            _ => {
                let problem = "has a single column; a row is numbers and a label, separated by commas, semicolons, tabs \
                               or bars";
                Err(Error::file(name, problem))
            }
        }
    }

    fn new(text: Cow<'a, str>, delimiter: u8, name: &'static str) -> Self {
        let mut dialect = Self { text, delimiter, skipped_lines: 0, name, numbers: NumberFormat::default() };
        if delimiter != b',' {
            dialect.numbers = dialect.number_format();
        }
        dialect
    }

    /// Returns a reader of the rows from the first one, including the header.
    pub fn rows(&self) -> csv::Reader<&[u8]> {
        reader(&self.text, self.delimiter)
    }

    /// Returns the line of the file in which a row begins, from 1. The reader counts from the end
    /// of the previous row, before blank lines and the line feed of `\r\n`.
    pub fn line(&self, row: &csv::StringRecord) -> u64 {
        let Some(position) = row.position() else { return 0 };
        let rest = self.text.as_bytes().iter().skip(usize::try_from(position.byte()).unwrap_or(usize::MAX));
        let ends = rest.take_while(|byte| matches!(byte, b'\r' | b'\n'));
        self.skipped_lines + position.line() + ends.filter(|byte| **byte == b'\n').count() as u64
    }

    /// Returns the number format, decided by the cells that only one format can read.
    fn number_format(&self) -> NumberFormat {
        let point = NumberFormat::default();
        let comma = NumberFormat { decimal_comma: true, thousands: false };
        let (mut commas, mut grouped, mut points, mut groups_only) = (0, 0, 0, true);
        for row in self.rows().into_records().map_while(std::result::Result::ok) {
            for cell in row.iter().filter(|cell| cell.contains([',', '.'])) {
                if cell.contains(',') && comma.number(cell).is_some() {
                    commas += 1;
                } else if cell.contains(',') && is_grouped(cell) {
                    grouped += 1;
                } else if point.number(cell).is_some() {
                    points += 1;
                    groups_only &= is_grouped(cell);
                }
            }
        }
        let thousands = grouped > 0 && groups_only;
        NumberFormat { decimal_comma: commas + grouped > 0 && (points == 0 || thousands), thousands }
    }
}

//! First pass over a table: statistics of the columns, and detection of the header and the index.

use std::collections::BTreeSet;

use super::cell::{self, NumberFormat};
use super::dialect::Dialect;
use super::labels;
use crate::{Error, Result};

/// Maximum number of distinct values of a column that are counted.
pub const MAX_DISTINCT: usize = 1024;

/// Statistics of a column's values.
#[derive(Clone, Debug, Default)]
pub struct ColumnStats {
    /// Number of cells.
    pub rows: usize,
    /// Number of cells without a value.
    pub missing: usize,
    /// Number of cells that are numbers.
    pub numbers: usize,
    /// Number of cells that are integers.
    pub integers: usize,
    /// Number of cells that are booleans.
    pub truths: usize,
    /// Keys of the distinct values, up to [`MAX_DISTINCT`].
    distinct: BTreeSet<u64>,
    last: Option<u64>,
    /// `true` if a value occurs twice.
    pub repeats: bool,
}

/// Returns the key of a number or a word: equal numbers have equal keys.
fn key(cell: &str, numbers: NumberFormat) -> u64 {
    match numbers.number(cell) {
        Some(number) => (number + 0.0).to_bits(),
        // The FNV-1a hash.
        None => cell
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)),
    }
}

impl ColumnStats {
    fn add(&mut self, cell: &str, numbers: NumberFormat) {
        self.rows += 1;
        if cell::is_missing(cell) {
            self.missing += 1;
            return;
        }
        match numbers.number(cell) {
            Some(number) => {
                self.numbers += 1;
                self.integers += usize::from(number.fract() == 0.0);
            }
            None => self.truths += usize::from(cell::truth(cell).is_some()),
        }
        let key = key(cell, numbers);
        if self.last == Some(key) {
            self.repeats = true;
        } else if self.distinct.len() < MAX_DISTINCT {
            self.repeats |= !self.distinct.insert(key);
            self.last = Some(key);
        }
    }

    /// Returns the number of distinct values, at most [`MAX_DISTINCT`].
    pub fn distinct(&self) -> usize {
        self.distinct.len()
    }

    fn has(&self, cell: &str, numbers: NumberFormat) -> bool {
        self.distinct.contains(&key(cell, numbers))
    }

    /// Returns the number of cells with a value.
    pub fn values(&self) -> usize {
        self.rows - self.missing
    }

    /// Returns `true` if at least four of five values are numbers.
    pub fn is_numeric(&self) -> bool {
        self.numbers > 0 && 5 * self.numbers >= 4 * self.values()
    }

    /// Returns `true` if all values are integers.
    pub fn is_integer(&self) -> bool {
        self.integers > 0 && self.integers == self.values()
    }

    /// Returns `true` for class codes: all integers from 0 or from 1 up to the maximum, fewer than
    /// the rows.
    pub fn is_codes(&self) -> bool {
        let count = self.distinct.len();
        let range = |from: usize| (from..from + count).all(|i| self.distinct.contains(&(i as f64).to_bits()));
        count >= 2 && 2 * count <= self.values() && self.is_integer() && (range(0) || range(1))
    }
}

/// Columns of a table.
#[derive(Clone, Debug)]
pub struct Layout {
    /// `true` if the first row has the columns' names.
    pub header: bool,
    /// `true` if the rows have one cell more than the header: the first is an index, as R writes
    /// it.
    pub implicit_index: bool,
    /// Unique names of the columns.
    pub names: Vec<String>,
    /// Statistics of each column's values.
    pub stats: Vec<ColumnStats>,
}

/// Returns `true` for a row of empty cells.
pub fn is_blank(row: &csv::StringRecord) -> bool {
    row.iter().all(str::is_empty) && row.len() <= 1
}

impl Layout {
    /// Scans all rows. `known` are names that a header may have: the label's, or those of a model's
    /// columns.
    ///
    /// # Errors
    /// A row has more cells than the first.
    pub fn scan(name: &str, dialect: &Dialect<'_>, known: &[String]) -> Result<Self> {
        let mut reader = dialect.rows();
        let mut first: Option<csv::StringRecord> = None;
        let mut stats: Vec<ColumnStats> = Vec::new();
        let mut implicit_index = false;
        for row in reader.records() {
            let row = row.map_err(|e| Error::file(name, format!("is no readable CSV: {e}")))?;
            if is_blank(&row) {
                continue;
            }
            let Some(first) = &first else {
                stats.resize_with(row.len(), ColumnStats::default);
                first = Some(row);
                continue;
            };
            if stats.first().is_some_and(|column| column.rows == 0)
                && row.len() == stats.len() + 1
                && row.iter().next_back().is_some_and(|cell| !cell.is_empty())
                && first.iter().all(|cell| dialect.numbers.number(cell).is_none())
            {
                implicit_index = true;
                stats.push(ColumnStats::default());
            }
            if row.iter().skip(stats.len()).any(|cell| !cell.is_empty()) {
                let line = dialect.line(&row);
                let problem = format!("line {line} has {} cells, the first row has {}", row.len(), first.len());
                return Err(Error::file(name, problem));
            }
            let cells = row.iter().chain(std::iter::repeat(""));
            stats.iter_mut().zip(cells).for_each(|(column, cell)| column.add(cell, dialect.numbers));
        }
        let first = first.unwrap_or_default();
        let header = implicit_index || is_header(&first, &stats, known, dialect.numbers);
        let mut names = if header { names(&first, implicit_index) } else { Vec::new() };
        if !header {
            names = (1..=stats.len()).map(|i| format!("column {i}")).collect();
            stats.iter_mut().zip(first.iter()).for_each(|(column, cell)| column.add(cell, dialect.numbers));
        }
        Ok(Self { header, implicit_index, names, stats })
    }

    /// Returns `true` for a column that numbers the rows.
    ///
    /// Such a column is the first one and has no name, as pandas and R write their index; or it is
    /// called `id` or the like and its integers never repeat.
    pub fn is_index(&self, column: usize) -> bool {
        let (stats, name) = (&self.stats[column], &self.names[column]);
        if !self.header {
            return false;
        }
        let plain: String = name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        if column == 0 && (self.implicit_index || plain.starts_with("unnamed")) {
            return stats.is_integer() || !stats.repeats && !stats.is_numeric();
        }
        let numbers_rows =
            ["id", "index", "idx", "rowid", "rowindex", "rownames", "rownumber", "unnamed0", "unnamed01"];
        numbers_rows.contains(&plain.as_str()) && stats.is_integer() && !stats.repeats && stats.rows > 1
    }
}

/// Returns the unique names of a header, as in pandas: repeated ones get `.1`, `.2`, missing ones
/// `Unnamed: 0`.
fn names(first: &csv::StringRecord, implicit_index: bool) -> Vec<String> {
    let cells = implicit_index.then_some("").into_iter().chain(first.iter());
    let mut names: Vec<String> = Vec::new();
    for (i, cell) in cells.enumerate() {
        let name = if cell.is_empty() { format!("Unnamed: {i}") } else { cell.to_owned() };
        let mut unique = name.clone();
        let mut count = 0;
        while names.contains(&unique) {
            count += 1;
            unique = format!("{name}.{count}");
        }
        names.push(unique);
    }
    names
}

/// Returns `true` if a first row has names of columns, given the values of the other rows.
fn is_header(first: &csv::StringRecord, stats: &[ColumnStats], known: &[String], numbers: NumberFormat) -> bool {
    let cells = || first.iter().zip(stats);
    let is_number = |cell: &str| numbers.number(cell).is_some();
    // Known names: most of a model's, or the label's.
    let found = cells().filter(|(cell, _)| known.iter().any(|name| name.eq_ignore_ascii_case(cell))).count();
    if found > 0 && 2 * found >= known.len() && cells().any(|(cell, _)| !is_number(cell)) {
        return true;
    }
    if cells().any(|(cell, column)| labels::rank(cell).is_some() && !column.has(cell, numbers)) {
        return true;
    }
    if stats.iter().all(|column| column.rows == 0) {
        return cells().all(|(cell, _)| !is_number(cell));
    }
    let (mut words, mut numeric) = (0, 0);
    for (cell, _) in cells().filter(|(cell, column)| column.is_numeric() && !cell::is_missing(cell)) {
        *(if is_number(cell) { &mut numeric } else { &mut words }) += 1;
    }
    if words > 0 {
        return words >= numeric;
    }
    let new_words = cells().filter(|(cell, column)| !is_number(cell) && !column.has(cell, numbers));
    if numeric > 0 {
        // pandas names columns 0, 1, 2, … if there is no header.
        let mut next = 0.0;
        let counts_up = cells().filter(|(cell, _)| is_number(cell)).all(|(cell, _)| {
            let fits = numbers.number(cell) == Some(next);
            next += 1.0;
            fits
        });
        let others = first.len() - numeric;
        return counts_up && first.len() >= 3 && new_words.count() == others;
    }
    // Only words: names, unless they occur again as values.
    new_words.count() == first.len()
}

//! Tables of numbers with a label a row: CSV. It knows no disk.

use super::dataset::{Dataset, Samples, Whole, no_sample};
use crate::{Error, Result, argsort, json};

/// Rows of numbers, each with a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    width: [usize; 1],
    columns: Vec<String>,
    values: Vec<f32>,
    labels: Vec<u32>,
    classes: Vec<String>,
}

impl Table {
    /// Reads CSV. The label is the column named `label`, `class`, `target` or `species`, else the last one; it may
    /// be a number or a word. A first row in which any other cell is no number is taken for the names of the columns.
    ///
    /// ```
    /// use kindling::data::{Dataset, Table};
    /// # fn main() -> kindling::Result<()> {
    /// let table = Table::from_csv("flowers.csv", b"petal,stem,label\n1.5,2,rose\n0.5,3,lily\n", None)?;
    /// assert_eq!(table.shape(), [2]);
    /// assert_eq!(table.classes(), ["lily", "rose"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Rows of different lengths, a cell that is no finite number, no rows, a single column.
    pub fn from_csv(name: &str, bytes: &[u8], limit: Option<usize>) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(bytes);
        let mut header: Option<Vec<String>> = None;
        let mut rows: Vec<(u64, csv::StringRecord)> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| Error::file(name, format!("is no readable CSV: {e}")))?;
            if rows.is_empty() && header.is_none() && is_header(&record) {
                header = Some(record.iter().map(str::to_owned).collect());
                continue;
            }
            let line = record.position().map_or(0, csv::Position::line);
            rows.push((line, record));
        }
        let width = rows.first().map_or(0, |(_, row)| row.len());
        if width < 2 {
            let problem = "has no rows, or a single column; a row is numbers and a label, separated by commas";
            return Err(Error::file(name, problem));
        }
        let columns = header.unwrap_or_else(|| (0..width).map(|i| format!("column {}", i + 1)).collect());
        let known = ["label", "class", "target", "species"];
        let label = columns.iter().position(|c| known.contains(&c.to_ascii_lowercase().as_str())).unwrap_or(width - 1);
        let mut words: Vec<String> =
            rows.iter().map(|(_, row)| row.get(label).unwrap_or_default().to_owned()).collect();
        let classes = class_names(&words);
        if let Some(limit) = limit {
            rows.truncate(limit);
            words.truncate(limit);
        }
        let mut values = Vec::with_capacity(rows.len() * (width - 1));
        for (line, row) in &rows {
            for (i, cell) in row.iter().enumerate().filter(|(i, _)| *i != label) {
                let value = json::number(cell)
                    .map(|x| x as f32)
                    .filter(|x| x.is_finite())
                    .ok_or_else(|| Error::file(name, format!("line {line}, {}: {cell:?} is no number", columns[i])))?;
                values.push(value);
            }
        }
        let place = |word: &String| classes.iter().position(|c| c == word).unwrap_or_default() as u32;
        let labels = words.iter().map(place).collect();
        let columns = columns.into_iter().enumerate().filter(|(i, _)| *i != label).map(|(_, c)| c).collect();
        Ok(Self { width: [width - 1], columns, values, labels, classes })
    }

    /// The names of the columns of numbers.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

/// Whether a first row names columns: a cell besides the last is no number.
fn is_header(record: &csv::StringRecord) -> bool {
    record.iter().take(record.len().saturating_sub(1)).any(|cell| json::number(cell).is_none() && !is_missing(cell))
}

/// Whether a cell stands for a number that is not there.
fn is_missing(cell: &str) -> bool {
    ["nan", "inf", "-inf"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// The different labels: numbers by size, words by alphabet.
fn class_names(words: &[String]) -> Vec<String> {
    let mut names = words.to_vec();
    names.sort_unstable();
    names.dedup();
    if names.iter().all(|name| json::number(name).is_some()) {
        let value = |i: usize| json::number(&names[i]).unwrap_or(0.0);
        let order = argsort(names.len(), &mut |a, b| value(a).total_cmp(&value(b)));
        names = order.into_iter().map(|i| names[i].clone()).collect();
    }
    names
}

impl Dataset for Table {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn shape(&self) -> &[usize] {
        &self.width
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn label(&self, index: usize) -> Result<usize> {
        let label = self.labels.get(index).ok_or_else(|| no_sample(index, self.labels.len()))?;
        Ok(*label as usize)
    }

    fn read(&self, indices: &[usize]) -> Result<Samples> {
        let mut out = Vec::with_capacity(indices.len() * self.width[0]);
        for index in indices {
            let row = self.values.get(index * self.width[0]..(index + 1) * self.width[0]);
            out.extend_from_slice(row.ok_or_else(|| no_sample(*index, self.len()))?);
        }
        Ok(Samples::Floats(out))
    }

    fn whole(&self) -> Option<Whole<'_>> {
        Some(Whole::Floats(&self.values))
    }
}

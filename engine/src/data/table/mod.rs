//! Tables of numbers with a label per row: CSV, read as by `pandas.read_csv`. The module knows no
//! disk.

mod cell;
mod columns;
mod dialect;
mod encoding;
mod header;
mod labels;
mod read;

pub use columns::Columns;

use super::Task;
use super::catalog;
use super::dataset::{Dataset, Samples, Whole, no_sample};
use super::splits::{OpenOptions, Splits};
use crate::Result;
use labels::Labels;
use std::sync::Arc;

/// Options for reading a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableOptions {
    /// Label column: its name, or its number from 1, or from -1 for the last. Detected by default.
    pub label: Option<String>,
    /// Task that the label sets. Detected by default.
    pub task: Option<Task>,
    /// Schema of the model that the table is for, to match columns and classes; none by default.
    pub model: Option<TableSchema>,
}

/// Columns and classes of a trained model, for matching another table to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableSchema {
    /// Columns of the model.
    pub columns: Columns,
    /// Classes of the model, in the order of its outputs; none for regression.
    pub classes: Vec<String>,
    /// `true` if rows need a label: to test the model, not to predict.
    pub needs_labels: bool,
}

/// A row without a value in one of its columns, which is skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedRow {
    /// Row below the header, from 1.
    pub row: u32,
    /// Line of the file, from 1.
    pub line: u64,
    /// Column without a value.
    pub column: String,
}

/// Rows of numbers, each with a label: a class or a quantity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    width: [usize; 1],
    columns: Columns,
    values: Vec<f32>,
    labels: Labels,
    rows: Vec<u32>,
    skipped: Vec<SkippedRow>,
    notes: Vec<String>,
}

impl Table {
    /// Reads CSV. Delimiter (comma, semicolon, tab, bar, spaces), decimal sign, encoding and header
    /// are detected. The label is the column named `label`, `class`, `target`, `species` or the
    /// like, the only one of words, or the last. Numbers that equal each other are one class; many
    /// different numbers are a quantity. A column that numbers the rows is left out, and so are
    /// rows with a missing value. What was concluded, [`Table::notes`] says.
    ///
    /// ```
    /// use kindling::data::{Dataset, Table, TableOptions};
    /// # fn main() -> kindling::Result<()> {
    /// let csv = b"petal;stem;label\n1,5;2;rose\n0,5;3;lily\n";
    /// let table = Table::from_csv("flowers.csv", csv, &TableOptions::default())?;
    /// assert_eq!(table.shape(), [2]);
    /// assert_eq!(table.classes(), ["lily", "rose"]);
    /// assert_eq!(
    ///     table.notes(),
    ///     [
    ///         "semicolon separated, decimal comma, header, \
    ///          label \"label\" (2 classes), 2 feature columns"
    ///     ]
    /// );
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - No text, no rows, a single column or a single class.
    /// - A row with more cells than the first.
    /// - A cell of a feature that is no finite number.
    /// - Columns or classes that the model does not know.
    pub fn from_csv(name: &str, bytes: &[u8], options: &TableOptions) -> Result<Self> {
        read::read(name, bytes, options)
    }

    /// Splits the rows at random. The notes of the splits include the table's.
    ///
    /// # Errors
    /// As [`Splits::stratified`].
    pub fn into_splits(mut self, options: &OpenOptions) -> Result<Splits> {
        let mut notes = std::mem::take(&mut self.notes);
        let rows: Arc<dyn Dataset> = Arc::new(self);
        let mut splits = Splits::stratified(catalog::CSV.title, catalog::CSV.name, &rows, options)?;
        notes.append(&mut splits.notes);
        splits.notes = notes;
        Ok(splits)
    }

    /// Returns the columns of the samples.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Returns notes for users: on the file, then on skipped rows and columns.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns the row of each sample below the header, from 1.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Returns the rows that were skipped because a value is missing.
    pub fn skipped(&self) -> &[SkippedRow] {
        &self.skipped
    }
}

impl Dataset for Table {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn shape(&self) -> &[usize] {
        &self.width
    }

    fn classes(&self) -> &[String] {
        &self.labels.classes
    }

    fn label(&self, index: usize) -> Result<usize> {
        match self.labels.task {
            Task::Regression if index < self.len() => Ok(0),
            _ => Ok(*self.labels.indices.get(index).ok_or_else(|| no_sample(index, self.len()))? as usize),
        }
    }

    fn task(&self) -> Task {
        self.labels.task
    }

    fn target(&self, index: usize) -> Result<f64> {
        self.labels.targets.get(index).copied().ok_or_else(|| no_sample(index, self.labels.targets.len()))
    }

    fn columns(&self) -> Option<&Columns> {
        Some(&self.columns)
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

//! Tables of numbers with a label a row: CSV, read as `pandas.read_csv` reads it. It knows no disk.

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
    /// The model that the table is for: columns and classes are matched to its own.
    pub model: Option<TrainedOn>,
}

/// Columns and classes of a trained model, for matching another table to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainedOn {
    /// Its columns.
    pub columns: Columns,
    /// Its classes, in the order of its outputs; none for regression.
    pub classes: Vec<String>,
    /// Rows need a label: to test the model, not to predict.
    pub needs_labels: bool,
}

/// A row that lacks a value and is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The row below the header, from 1.
    pub row: u32,
    /// The line of the file, from 1.
    pub line: u64,
    /// The column that has no value.
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
    left_out: Vec<LeftOut>,
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

    /// Splits the rows at random, with the notes on how they were read.
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

    /// The columns that the samples are made of.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Sentences for users: what was concluded about the file, then what was left out.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The row of each sample below the header, from 1.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The rows that were left out for want of a value.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
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

//! Reading of a table in two passes over the rows: detection of the columns, then conversion of the
//! cells.

use super::cell::{self, NumberFormat};
use super::columns::{Chosen, Columns};
use super::dialect::Dialect;
use super::encoding;
use super::header::{Layout, is_blank};
use super::labels::{self, Labels};
use super::{SkippedRow, Table, TableOptions, TableSchema};
use crate::data::Task;
use crate::{Error, Result};

/// A feature column in the second pass.
#[derive(Clone, Copy)]
struct Feature {
    column: usize,
    /// `true` if all values are booleans, which become 1 and 0.
    is_truth: bool,
}

/// Reads a table.
pub fn read(name: &str, bytes: &[u8], options: &TableOptions) -> Result<Table> {
    let (text, encoding) = encoding::decode(name, bytes)?;
    let dialect = Dialect::detect(name, &text)?;
    let known = match &options.model {
        Some(model) => model.columns.names(),
        None => options.label.iter().filter(|label| label.parse::<i64>().is_err()).cloned().collect(),
    };
    let layout = Layout::scan(name, &dialect, &known)?;
    if layout.stats.iter().all(|column| column.rows == 0) {
        return Err(Error::file(name, "has no rows below its header"));
    }
    let chosen = match &options.model {
        Some(model) => find(name, &layout, model, options)?,
        None => choose(name, &layout, options)?,
    };
    let needs_label = options.model.as_ref().is_none_or(|model| model.needs_labels);
    if needs_label && chosen.label.is_none() {
        let column = options.model.as_ref().map_or("", |model| &model.columns.label);
        return Err(Error::file(name, format!("has no column {column:?}, the label to test against")));
    }
    let mut reading = Reading {
        name,
        layout: &layout,
        numbers: dialect.numbers,
        chosen: &chosen,
        needs_label,
        table: Table::default(),
        cells: Vec::new(),
    };
    reading.rows(&dialect)?;
    let Reading { mut table, cells, .. } = reading;
    let labels = match (chosen.label.filter(|_| needs_label), &options.model) {
        (Some(label), model) => {
            let column = labels::Column { file: name, name: &layout.names[label] };
            match model {
                Some(model) => Labels::known(column, &cells, dialect.numbers, model.columns.task, &model.classes)?,
                None => Labels::new(column, &cells, dialect.numbers, options.task)?,
            }
        }
        (None, model) => {
            let (task, classes) = model.as_ref().map_or_else(Default::default, |m| (m.columns.task, m.classes.clone()));
            let count = table.rows.len();
            Labels { task, classes, indices: vec![0; count], targets: vec![0.0; count], ..Labels::default() }
        }
    };
    table.width = [chosen.features.len()];
    table.columns = match &options.model {
        Some(model) => model.columns.clone(),
        None => columns(&layout, &chosen, labels.task),
    };
    table.notes = notes(&layout, &dialect, encoding, &chosen, &labels, &table);
    if needs_label && options.model.is_some() {
        table.notes.extend(unused_classes(&labels));
    }
    table.labels = labels;
    Ok(table)
}

/// Returns a note on a model's classes that no row has.
fn unused_classes(labels: &Labels) -> Option<String> {
    let mut is_used = vec![false; labels.classes.len()];
    labels.indices.iter().for_each(|index| is_used[*index as usize] = true);
    let unused: Vec<String> =
        labels.classes.iter().zip(is_used).filter(|(_, used)| !used).map(|(class, _)| class.clone()).collect();
    let named = labels::list(&unused);
    (!unused.is_empty()).then(|| format!("classes are matched by name; the model's {named} have no row"))
}

/// Finds the columns of a model, with the label of the options.
fn find(name: &str, layout: &Layout, model: &TableSchema, options: &TableOptions) -> Result<Chosen> {
    let mut chosen = model.columns.find(name, layout)?;
    if let Some(label) = &options.label {
        let label = labels::find(name, layout, label)?;
        if chosen.features.contains(&label) {
            let problem = format!("column {:?} is one of the model's features, not its label", layout.names[label]);
            return Err(Error::file(name, problem));
        }
        chosen.label = Some(label);
    }
    match options.task.filter(|task| *task != model.columns.task) {
        None => Ok(chosen),
        Some(Task::Classification) => Err(Error::file(name, "is for a model that predicts a quantity, no classes")),
        Some(Task::Regression) => Err(Error::file(name, "is for a model that predicts classes, no quantity")),
    }
}

/// Chooses the label and the features of a table, without a model.
fn choose(name: &str, layout: &Layout, options: &TableOptions) -> Result<Chosen> {
    let given = options.label.as_ref().map(|label| labels::find(name, layout, label)).transpose()?;
    let all = 0..layout.names.len();
    let (mut empty, mut index, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let has_values = |column: usize| layout.stats[column].values() > 0;
    let is_named = |column: usize| layout.header && labels::rank(&layout.names[column]).is_some();
    let has_named = all.clone().any(|column| is_named(column) && has_values(column));
    for column in all {
        let kind = if Some(column) == given {
            &mut rest
        } else if !has_values(column) && (has_named || !is_named(column)) {
            &mut empty
        } else if layout.is_index(column) {
            &mut index
        } else {
            &mut rest
        };
        kind.push(column);
    }
    // A table without other columns is trained on its index.
    if rest.len() < 2 {
        rest.append(&mut index);
        rest.sort_unstable();
    }
    let label = given.or_else(|| labels::choose(layout, &rest));
    rest.retain(|column| Some(*column) != label);
    if label.is_none() || rest.is_empty() {
        return Err(Error::file(name, "has a single column with values; a row is numbers and a label"));
    }
    let named = |columns: &[usize]| {
        labels::list(&columns.iter().map(|column| layout.names[*column].clone()).collect::<Vec<_>>())
    };
    let mut notes = Vec::new();
    for (kind, columns) in [("index column", index), ("empty column", empty)] {
        if !columns.is_empty() {
            let plural = if columns.len() > 1 { "s" } else { "" };
            notes.push(format!("{kind}{plural} {} left out", named(&columns)));
        }
    }
    Ok(Chosen { features: rest, label, notes })
}

/// Returns the record of the columns for a model that is trained on them.
fn columns(layout: &Layout, chosen: &Chosen, task: Task) -> Columns {
    let label = chosen.label.unwrap_or_default();
    Columns {
        features: chosen.features.iter().map(|column| layout.names[*column].clone()).collect(),
        label: layout.names[label].clone(),
        label_index: chosen.features.iter().filter(|column| **column < label).count(),
        header: layout.header,
        task,
        target_scale: None,
    }
}

/// State of the second pass over a table.
struct Reading<'a> {
    name: &'a str,
    layout: &'a Layout,
    numbers: NumberFormat,
    chosen: &'a Chosen,
    needs_label: bool,
    table: Table,
    /// Cells of the label, with their lines.
    cells: Vec<(u64, String)>,
}

impl Reading<'_> {
    fn rows(&mut self, dialect: &Dialect<'_>) -> Result<()> {
        let feature = |column: &usize| {
            let stats = &self.layout.stats[*column];
            Feature { column: *column, is_truth: stats.truths > 0 && stats.truths == stats.values() }
        };
        let features: Vec<Feature> = self.chosen.features.iter().map(feature).collect();
        let mut reader = dialect.rows();
        let mut row = csv::StringRecord::new();
        let mut header = self.layout.header;
        let mut number = 0u32;
        while reader.read_record(&mut row).map_err(|e| Error::file(self.name, format!("is no readable CSV: {e}")))? {
            if is_blank(&row) {
                continue;
            }
            if std::mem::take(&mut header) {
                continue;
            }
            number += 1;
            let line = dialect.line(&row);
            self.row(&row, number, line, &features)?;
        }
        if self.table.rows.is_empty() && self.needs_label {
            let problem = match self.table.skipped.first() {
                Some(left) => format!("has no complete row: line {} lacks {:?}", left.line, left.column),
                None => "has no rows below its header".to_owned(),
            };
            return Err(Error::file(self.name, problem));
        }
        Ok(())
    }

    fn row(&mut self, row: &csv::StringRecord, number: u32, line: u64, features: &[Feature]) -> Result<()> {
        let cell = |column: usize| row.get(column).unwrap_or_default();
        let label = self.chosen.label.filter(|_| self.needs_label);
        let missing = label.into_iter().chain(features.iter().map(|feature| feature.column));
        if let Some(column) = missing.into_iter().find(|column| cell::is_missing(cell(*column))) {
            let left = SkippedRow { row: number, line, column: self.layout.names[column].clone() };
            self.table.skipped.push(left);
            return Ok(());
        }
        for feature in features {
            let text = cell(feature.column);
            let number = match cell::truth(text) {
                Some(truth) if feature.is_truth => Some(f64::from(u8::from(truth))),
                _ => self.numbers.number(text),
            };
            match number.map(|number| number as f32) {
                Some(value) if value.is_finite() => self.table.values.push(value),
                value => return Err(self.refuse(line, feature.column, text, value.is_some())),
            }
        }
        if let Some(label) = label {
            self.cells.push((line, cell(label).to_owned()));
        }
        self.table.rows.push(number);
        Ok(())
    }

    fn refuse(&self, line: u64, column: usize, text: &str, is_number: bool) -> Error {
        let stats = &self.layout.stats[column];
        let name = &self.layout.names[column];
        let rule = match (is_number, stats.numbers) {
            (true, _) => "is infinite or too large for a 32-bit float",
            (false, 0) => "is no number, nor is anything in this column: a feature is a number",
            (false, _) => "is no number",
        };
        Error::file(self.name, format!("line {line}, {name}: {text:?} {rule}"))
    }
}

/// Returns notes on the file and its columns, then on skipped rows.
fn notes(
    layout: &Layout,
    dialect: &Dialect<'_>,
    encoding: Option<&str>,
    chosen: &Chosen,
    labels: &Labels,
    table: &Table,
) -> Vec<String> {
    let mut parts = vec![dialect.name.to_owned()];
    parts.extend(dialect.numbers.decimal_comma.then(|| "decimal comma".to_owned()));
    parts.extend(encoding.map(str::to_owned));
    parts.push(if layout.header { "header" } else { "no header" }.into());
    if let Some(label) = chosen.label {
        let of = match labels.task {
            Task::Classification => format!("{} classes", labels.classes.len()),
            Task::Regression => "a quantity".to_owned(),
        };
        parts.push(format!("label {:?} ({of})", layout.names[label]));
    }
    let count = chosen.features.len();
    parts.push(format!("{count} feature column{}", if count == 1 { "" } else { "s" }));
    parts.extend(chosen.notes.iter().cloned());
    let mut notes = vec![parts.join(", ")];
    let rows = table.rows.len();
    match labels.task {
        Task::Regression if labels.distinct > 0 => notes.push(format!(
            "the label is a quantity, with {} different values in {rows} rows: regression",
            labels.distinct
        )),
        Task::Classification if labels.distinct > 20 && 2 * labels.distinct > rows => notes.push(format!(
            "the label has {} different values in {rows} rows: hardly any class comes twice",
            labels.distinct
        )),
        _ => {}
    }
    notes.extend(labels.merged.as_ref().map(|cells| format!("equal numbers are one class: {cells}")));
    let label = chosen.label.map(|label| &layout.names[label]);
    let (unlabeled, incomplete): (Vec<&SkippedRow>, Vec<&SkippedRow>) =
        table.skipped.iter().partition(|row| Some(&row.column) == label);
    for (left, of) in [(unlabeled, "without a label"), (incomplete, "with missing values")] {
        if let Some(first) = left.first() {
            let rows = if left.len() == 1 { "row" } else { "rows" };
            notes.push(format!(
                "{} {rows} {of} left out, the first in line {}, column {:?}",
                left.len(),
                first.line,
                first.column
            ));
        }
    }
    notes
}

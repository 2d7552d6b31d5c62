//! Label of a table: its column, its task and its classes.

use std::collections::BTreeSet;

use super::cell::{self, NumberFormat};
use super::header::{ColumnStats, Layout};
use crate::data::Task;
use crate::{Error, Result, argsort};

/// Names of a label's column, the most likely first, in lower case without spaces and underscores.
const NAMES: &[&str] =
    &["label", "labels", "class", "classes", "classlabel", "target", "targets", "species", "category", "outcome", "y"];

/// Maximum numbers of classes that are integers, and other numbers; more are quantities.
const MAX_INTEGER_CLASSES: usize = 50;
const MAX_DECIMAL_CLASSES: usize = 10;

/// Returns the rank of a column's name as the label's, 0 for the most likely.
pub fn rank(name: &str) -> Option<usize> {
    let plain: String = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect();
    NAMES.iter().position(|known| known.eq_ignore_ascii_case(&plain))
}

/// Finds a column by its name, else by its number from 1, or from -1 for the last.
///
/// # Errors
/// There is no such column.
pub fn find(file: &str, layout: &Layout, label: &str) -> Result<usize> {
    let names = &layout.names;
    let exact = names.iter().position(|name| name == label);
    let by_name = || names.iter().position(|name| name.eq_ignore_ascii_case(label));
    let by_number = || {
        let number: i64 = label.parse().ok()?;
        let index = if number > 0 { number - 1 } else { names.len() as i64 + number };
        usize::try_from(index).ok().filter(|index| number != 0 && *index < names.len())
    };
    exact.or_else(by_name).or_else(by_number).ok_or_else(|| {
        let problem = format!("has no column {label:?}; its columns are {}", list(names));
        Error::file(file, problem)
    })
}

/// Quotes and lists the first names.
pub fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(8).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > shown.len() { format!(", … ({} in all)", names.len()) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Finds the label's column among candidates.
///
/// The first match decides:
/// - a column with a label's name,
/// - the only column of repeated words,
/// - the first column, if it has class codes and the last has not,
/// - the last column.
pub fn choose(layout: &Layout, among: &[usize]) -> Option<usize> {
    let (first, last) = (*among.first()?, *among.last()?);
    let stats = |column: usize| &layout.stats[column];
    if layout.header {
        // A column `y` in the middle is a coordinate, like `x`.
        let is_outside =
            |column: usize| !layout.names[column].eq_ignore_ascii_case("y") || column == first || column == last;
        let named = among.iter().copied().filter(|column| is_outside(*column));
        if let Some((_, column)) = named.filter_map(|column| Some((rank(&layout.names[column])?, column))).min() {
            return Some(column);
        }
    }
    let is_words = |column: &ColumnStats| column.values() > 0 && !column.is_numeric();
    if is_words(stats(last)) {
        return Some(last);
    }
    // A named column of booleans before a last one of numbers is a feature.
    let is_class = |column: &ColumnStats| is_words(column) && !(layout.header && column.truths == column.values());
    let mut words = among.iter().copied().filter(|column| is_class(stats(*column)));
    if let (Some(only), None) = (words.next(), words.next())
        && stats(only).repeats
        && 2 * stats(only).distinct() <= stats(only).values()
    {
        return Some(only);
    }
    let is_constant = stats(last).distinct() < 2;
    let codes_first = stats(first).is_codes() && !stats(last).is_codes();
    Some(if codes_first && (is_constant || !layout.header || is_series(layout, among)) { first } else { last })
}

/// Returns `true` if all columns but the first share a stem with a number: `pixel0`, `pixel1`.
fn is_series(layout: &Layout, among: &[usize]) -> bool {
    let stem = |column: &usize| layout.names[*column].trim_end_matches(|c: char| c.is_ascii_digit());
    let Some((first, rest)) = among.split_first() else { return false };
    let Some(of_rest) = rest.first().map(stem) else { return false };
    rest.len() >= 3 && rest.iter().all(|column| stem(column) == of_rest) && stem(first) != of_rest
}

/// Labels of a table's rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// Task that the labels set.
    pub task: Task,
    /// Names of the classes; empty for regression.
    pub classes: Vec<String>,
    /// Class of each row.
    pub indices: Vec<u32>,
    /// Target of each row, for regression.
    pub targets: Vec<f64>,
    /// Number of distinct values.
    pub distinct: usize,
    /// Spellings of numbers that were merged into one class.
    pub merged: Option<String>,
}

/// Label's column, for errors.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// File.
    pub file: &'a str,
    /// Name of the column.
    pub name: &'a str,
}

impl Labels {
    /// Parses the cells of a label's column, with their lines.
    ///
    /// # Errors
    /// There are fewer than two classes; or the task is regression and a cell is no finite number.
    pub fn new(column: Column<'_>, cells: &[(u64, String)], numbers: NumberFormat, task: Option<Task>) -> Result<Self> {
        let values: Option<Vec<f64>> = cells.iter().map(|(_, cell)| numbers.number(cell)).collect();
        let values = values.filter(|values| values.iter().all(|value| value.is_finite()));
        let task = task.unwrap_or_else(|| values.as_deref().map_or(Task::Classification, usual_task));
        if task == Task::Regression {
            return match values {
                Some(targets) => {
                    let distinct = distinct(&targets);
                    Ok(Self { task, targets, distinct, ..Self::default() })
                }
                None => Err(refuse_quantity(column, cells, numbers)),
            };
        }
        let (classes, merged) = match &values {
            Some(values) => numeric_classes(cells, values),
            None => (word_classes(cells), None),
        };
        if let [only] = classes.as_slice() {
            let problem = format!(
                "every label in column {:?} is {only:?}, and at least two classes are needed: name the column of the label",
                column.name
            );
            return Err(Error::file(column.file, problem));
        }
        let mut labels = Self { task, distinct: classes.len(), merged, ..Self::default() };
        labels.index(column, cells, numbers, classes)?;
        Ok(labels)
    }

    /// Parses labels for a model: its classes, by their names or as equal numbers, or its quantity.
    ///
    /// # Errors
    /// A class is unknown to the model; or the model predicts a quantity and a cell is no number.
    pub fn known(
        column: Column<'_>,
        cells: &[(u64, String)],
        numbers: NumberFormat,
        task: Task,
        classes: &[String],
    ) -> Result<Self> {
        if task == Task::Regression {
            return Self::new(column, cells, numbers, Some(task));
        }
        let mut labels = Self { distinct: classes.len(), ..Self::default() };
        labels.index(column, cells, numbers, classes.to_vec())?;
        Ok(labels)
    }

    fn index(
        &mut self,
        column: Column<'_>,
        cells: &[(u64, String)],
        numbers: NumberFormat,
        classes: Vec<String>,
    ) -> Result<()> {
        let of_classes: Vec<Option<f64>> = classes.iter().map(|class| NumberFormat::default().number(class)).collect();
        let order = argsort(classes.len(), &mut |a, b| classes[a].cmp(&classes[b]));
        self.indices.reserve(cells.len());
        for (line, cell) in cells {
            let exact = order.binary_search_by(|class| classes[*class].as_str().cmp(cell)).ok().map(|at| order[at]);
            let equal = || {
                let (number, truth) = (numbers.number(cell), cell::truth(cell));
                (0..classes.len()).find(|class| {
                    number.is_some() && of_classes[*class] == number
                        || truth.is_some() && cell::truth(&classes[*class]) == truth
                })
            };
            let index = exact.or_else(equal).ok_or_else(|| {
                let problem = format!(
                    "line {line}: the label {cell:?} in column {:?} is none of the model's classes, {}",
                    column.name,
                    list(&classes)
                );
                Error::file(column.file, problem)
            })?;
            self.indices.push(index as u32);
        }
        self.classes = classes;
        Ok(())
    }
}

fn refuse_quantity(column: Column<'_>, cells: &[(u64, String)], numbers: NumberFormat) -> Error {
    let is_finite = |cell: &str| numbers.number(cell).is_some_and(f64::is_finite);
    let (line, cell) = cells.iter().find(|(_, cell)| !is_finite(cell)).cloned().unwrap_or_default();
    let problem = format!("line {line}, label {:?}: {cell:?} is no finite number, and a quantity is one", column.name);
    Error::file(column.file, problem)
}

fn distinct(values: &[f64]) -> usize {
    values.iter().map(|value| (value + 0.0).to_bits()).collect::<BTreeSet<u64>>().len()
}

/// Detects the task: regression for many distinct numbers that are not class codes with several
/// rows each.
fn usual_task(values: &[f64]) -> Task {
    let (rows, count) = (values.len(), distinct(values));
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let integers = values.iter().all(|value| value.fract() == 0.0);
    let codes = integers && (low == 0.0 || low == 1.0) && high - low + 1.0 == count as f64 && rows >= 5 * count;
    let max = if integers { MAX_INTEGER_CLASSES } else { MAX_DECIMAL_CLASSES };
    let hardly_repeats = count >= 5 && 2 * count > rows;
    if !codes && (count > max || hardly_repeats) { Task::Regression } else { Task::Classification }
}

/// Returns the classes of numbers, by size; equal numbers are one class. Also returns the spellings
/// of a class that has several.
fn numeric_classes(cells: &[(u64, String)], values: &[f64]) -> (Vec<String>, Option<String>) {
    let mut found: Vec<(f64, &str)> = values.iter().copied().zip(cells.iter().map(|(_, cell)| cell.as_str())).collect();
    found.sort_by(|a, b| (a.0 + 0.0).total_cmp(&(b.0 + 0.0)).then(a.1.cmp(b.1)));
    found.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
    let mut merged = None;
    let name = |same: &[(f64, &str)]| match same {
        [(_, only)] => (*only).to_owned(),
        same => {
            merged.get_or_insert_with(|| same.iter().map(|(_, cell)| *cell).collect::<Vec<_>>().join(", "));
            same.first().map_or_else(String::new, |(value, _)| (value + 0.0).to_string())
        }
    };
    let classes = found.chunk_by(|a, b| a.0 == b.0).map(name).collect();
    (classes, merged)
}

/// Returns the classes of words, in alphabetical order; `true`, `True` and `TRUE` are one class if
/// all values are booleans.
fn word_classes(cells: &[(u64, String)]) -> Vec<String> {
    let words: BTreeSet<&str> = cells.iter().map(|(_, cell)| cell.as_str()).collect();
    let truths: Option<BTreeSet<bool>> = words.iter().map(|word| cell::truth(word)).collect();
    match truths {
        Some(truths) if !words.is_empty() => {
            truths.into_iter().map(|truth| if truth { "True" } else { "False" }.to_owned()).collect()
        }
        _ => words.into_iter().map(str::to_owned).collect(),
    }
}

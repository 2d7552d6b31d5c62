//! Columns that a model was trained on, and their match with another table's.

use serde::{Deserialize, Serialize};

use super::header::Layout;
use super::labels;
use crate::data::{TargetScale, Task};
use crate::{Error, Result};

/// Columns of the table that a model was trained on. The model file's `normalization` applies to
/// its inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// Names of the features, in the order of the model's inputs.
    pub features: Vec<String>,
    /// Name of the label's column.
    pub label: String,
    /// Number of features before the label.
    #[serde(default)]
    pub label_index: usize,
    /// `true` for names of a header; else they are `column 1`, `column 2`, …
    #[serde(default)]
    pub header: bool,
    /// Task that the label sets.
    #[serde(default)]
    pub task: Task,
    /// Scale of the model's output, for regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_scale: Option<TargetScale>,
}

/// Columns of a table, by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Features, in the order of the model's inputs.
    pub features: Vec<usize>,
    /// Label, if there is one.
    pub label: Option<usize>,
    /// Notes on ignored and matched columns.
    pub notes: Vec<String>,
}

impl Columns {
    /// Returns all names, the label's last.
    pub fn names(&self) -> Vec<String> {
        self.features.iter().cloned().chain([self.label.clone()]).collect()
    }

    /// Finds the columns in another table: by name in any order, or by their order if one of the
    /// two has no header.
    ///
    /// # Errors
    /// A feature is missing; or without names, the number of columns differs.
    pub fn find(&self, file: &str, layout: &Layout) -> Result<Chosen> {
        if !(self.header && layout.header) {
            return self.find_by_order(file, layout);
        }
        let find = |wanted: &String| {
            let exact = layout.names.iter().position(|name| name == wanted);
            exact.or_else(|| layout.names.iter().position(|name| name.eq_ignore_ascii_case(wanted)))
        };
        let found: Vec<Option<usize>> = self.features.iter().map(find).collect();
        let missing: Vec<String> =
            self.features.iter().zip(&found).filter(|(_, at)| at.is_none()).map(|(name, _)| name.clone()).collect();
        if !missing.is_empty() {
            let problem = format!(
                "lacks {} of the model's {} columns: {}; its columns are {}",
                missing.len(),
                self.features.len(),
                labels::list(&missing),
                labels::list(&layout.names)
            );
            return Err(Error::file(file, problem));
        }
        let mut chosen = Chosen { features: found.into_iter().flatten().collect(), ..Chosen::default() };
        chosen.label = find(&self.label).filter(|label| !chosen.features.contains(label));
        if !chosen.features.is_sorted() {
            chosen.notes.push("columns matched by name, they stand in another order".into());
        }
        let is_extra = |column: &usize| !chosen.features.contains(column) && Some(*column) != chosen.label;
        let extra: Vec<String> =
            (0..layout.names.len()).filter(is_extra).map(|column| layout.names[column].clone()).collect();
        if !extra.is_empty() {
            chosen.notes.push(format!("columns that the model does not know left out: {}", labels::list(&extra)));
        }
        Ok(chosen)
    }

    fn find_by_order(&self, file: &str, layout: &Layout) -> Result<Chosen> {
        let mut columns: Vec<usize> = (0..layout.names.len()).collect();
        let wanted = self.features.len();
        let fits = |count: usize| count == wanted || count == wanted + 1;
        if !fits(columns.len()) {
            columns.retain(|column| !layout.is_index(*column));
        }
        if !fits(columns.len()) {
            let problem = format!(
                "has {} columns, and the model takes {wanted}, with the label {}",
                layout.names.len(),
                wanted + 1
            );
            return Err(Error::file(file, problem));
        }
        let label = (columns.len() > wanted).then(|| columns.remove(self.label_index.min(wanted)));
        let notes = match self.header || layout.header {
            true => vec!["columns matched by their order: one of the tables has no header".to_owned()],
            false => Vec::new(),
        };
        Ok(Chosen { features: columns, label, notes })
    }
}

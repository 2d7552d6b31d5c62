//! The columns that a model was trained on, and finding them in another table.

use serde::{Deserialize, Serialize};

use super::header::Layout;
use super::labels;
use crate::data::{TargetScale, Task};
use crate::{Error, Result};

/// The columns of a table that a model was trained on. Its inputs are normalized by the model
/// file's `normalization`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// The names of the features, in the order of the model's inputs.
    pub features: Vec<String>,
    /// The name of the label's column.
    pub label: String,
    /// Features that stand before the label.
    #[serde(default)]
    pub label_index: usize,
    /// The names are a header's; else they are `column 1`, `column 2`, …
    #[serde(default)]
    pub header: bool,
    /// The task that the label sets.
    #[serde(default)]
    pub task: Task,
    /// The scale that the model predicts a quantity in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_scale: Option<TargetScale>,
}

/// Columns of a table by their index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The features, in the order of the model's inputs.
    pub features: Vec<usize>,
    /// The label, where there is one.
    pub label: Option<usize>,
    /// Words about what was left out or matched.
    pub notes: Vec<String>,
}

impl Columns {
    /// All names, the label's last.
    pub fn names(&self) -> Vec<String> {
        self.features.iter().cloned().chain([self.label.clone()]).collect()
    }

    /// Finds the columns in another table: by name in any order, or by their order where one of the
    /// two has no header.
    ///
    /// # Errors
    /// A feature is missing; without names, another number of columns.
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

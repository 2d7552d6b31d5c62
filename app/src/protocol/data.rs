//! Data sets: where they come from, how far they are, what they hold.

use kindling::data::catalog::{self, DataSet, Official};
use kindling::data::{Columns, SplitRecord, Task};
use kindling::train::DataSpec;
use serde::{Deserialize, Serialize};

/// What to load, and how much of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSource {
    /// Where it comes from.
    pub kind: DataKind,
    /// The first so many samples to train on; all if left out (Shapes: 4,000).
    #[serde(default)]
    pub train: Option<usize>,
    /// The first so many samples to test on; all if left out (Shapes: 1,000).
    #[serde(default)]
    pub test: Option<usize>,
    /// Label column of a table: its name, or its number from 1. Detected by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Task that a table's label sets. Detected by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
}

/// Default numbers of training and test samples of Shapes.
const SHAPES: [usize; 2] = [4000, 1000];

impl DataSource {
    /// Returns a source of which all samples are used, with tables read by their defaults.
    pub fn new(kind: DataKind) -> Self {
        Self { kind, train: None, test: None, label: None, task: None }
    }

    /// Returns the greatest numbers of training and test samples.
    pub fn limits(&self) -> [Option<usize>; 2] {
        match self.kind {
            DataKind::Shapes => [self.train.or(Some(SHAPES[0])), self.test.or(Some(SHAPES[1]))],
            _ => [self.train, self.test],
        }
    }

    /// Writes the source into the settings of a run on data with this name.
    pub fn record(&self, name: &str, settings: &mut DataSpec) {
        name.clone_into(&mut settings.name);
        [settings.train_limit, settings.test_limit] = self.limits();
        (settings.label, settings.task) = (self.label.clone(), self.task);
    }
}

/// Where data comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataKind {
    /// Made by the engine; needs no network.
    Shapes,
    /// A published data set of the engine's catalogue, from a server. `url` names the archive or the folder of the
    /// unpacked files; without it both are looked for in `data/` beside the page.
    Official {
        /// Name in the catalogue.
        name: String,
        /// Address of the copy.
        url: Option<String>,
    },
    /// CIFAR, as earlier versions named it in drafts, links and messages.
    Cifar {
        /// CIFAR-100, not CIFAR-10.
        hundred: bool,
        /// Address of the copy.
        url: Option<String>,
    },
    /// Any of the files that [`DataKind::Files`] takes, from a server.
    Url(String),
    /// The user's own: whatever [`kindling::data::Reader`] reads, as folders, archives or single files.
    /// The `File`s stand beside the message, in this order.
    Files(Vec<String>),
}

impl DataKind {
    /// Returns the published data set, its files, and the address of the copy that is asked for.
    pub fn official(&self) -> Option<(&'static DataSet, &'static Official, Option<&str>)> {
        let (name, url) = match self {
            Self::Official { name, url } => (name.as_str(), url),
            Self::Cifar { hundred: false, url } => (catalog::CIFAR10.name, url),
            Self::Cifar { hundred: true, url } => (catalog::CIFAR100.name, url),
            Self::Shapes | Self::Url(_) | Self::Files(_) => return None,
        };
        let set = catalog::find(name)?;
        Some((set, set.official.as_ref()?, url.as_deref()))
    }

    /// Returns the name of the data set in a run's settings; for the user's own, the data itself decides later.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Shapes => catalog::SHAPES.name,
            _ => self.official().map_or(catalog::FOLDER.name, |(set, ..)| set.name),
        }
    }
}

/// How much has arrived.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataProgress {
    /// What it is called.
    pub source: String,
    /// Bytes that have arrived, those of earlier attempts among them.
    pub bytes: u64,
    /// Bytes that there are, if the server says so.
    pub total: Option<u64>,
    /// Samples to train on so far.
    pub train: usize,
    /// Samples to test on so far.
    pub test: usize,
}

/// A data set that can be trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataInfo {
    /// What it is: `Shapes`, `CIFAR-10`, the name of a file.
    pub name: String,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The sizes of one sample: channels, height, width; one size for rows of a table.
    pub shape: Vec<usize>,
    /// Samples to train on.
    pub train: usize,
    /// Samples to test on.
    pub test: usize,
    /// Samples to train on of each class.
    pub counts: Vec<usize>,
    /// Whether all has arrived. A run that begins earlier learns from what is there, and takes up the rest at the end
    /// of each epoch.
    pub complete: bool,
    /// Whether it came from the browser's storage.
    pub cached: bool,
    /// Name of the data set in a run's settings, such as `folder`.
    #[serde(default)]
    pub kind: String,
    /// Samples to choose a model by; 0 if there is no validation split.
    #[serde(default)]
    pub validation: usize,
    /// How the splits were made.
    #[serde(default)]
    pub split: Option<SplitRecord>,
    /// Columns of a table; `None` for images.
    #[serde(default)]
    pub table: Option<TableInfo>,
    /// What was concluded, what was skipped and why, and what is not stored, one line each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Columns of a table, and the task that its label sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableInfo {
    /// Names of the columns, without those that were left out.
    pub columns: Vec<String>,
    /// Index of the label's column in `columns`.
    pub label: usize,
    /// `true` if the names are those of a header.
    pub header: bool,
    /// Task that the label sets.
    pub task: Task,
}

impl From<&Columns> for TableInfo {
    fn from(columns: &Columns) -> Self {
        let label = columns.label_index.min(columns.features.len());
        let mut names = columns.features.clone();
        names.insert(label, columns.label.clone());
        Self { columns: names, label, header: columns.header, task: columns.task }
    }
}

/// Sample pictures; their pixels stand beside the message, RGBA, one picture after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplesView {
    /// Width and height of a picture.
    pub size: [usize; 2],
    /// The class of each.
    pub labels: Vec<usize>,
}

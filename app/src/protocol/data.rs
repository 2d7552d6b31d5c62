//! Data sets: where they come from, how far they are, what they hold.

use kindling::data::SplitRecord;
use kindling::data::catalog::{self, DataSet, Official};
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
    /// What was concluded, what was skipped and why, and what is not stored, one line each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Sample pictures; their pixels stand beside the message, RGBA, one picture after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplesView {
    /// Width and height of a picture.
    pub size: [usize; 2],
    /// The class of each.
    pub labels: Vec<usize>,
}

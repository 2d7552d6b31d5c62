//! Data sets: where they come from, how far they are, what they hold.

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
    /// CIFAR-10 or CIFAR-100 from a server. `url` names the `.tar.gz` or the folder of the `.bin` files; without it
    /// both are looked for in `data/` beside the page.
    Cifar {
        /// Whether it is the set with a hundred classes.
        hundred: bool,
        /// Where it lies.
        url: Option<String>,
    },
    /// Any of the files that [`DataKind::Files`] takes, from a server.
    Url(String),
    /// The user's own: a CIFAR `.tar.gz` or its `.bin` files, a `.zip` or a folder of pictures by class, a `.csv`.
    /// The `File`s stand beside the message, in this order.
    Files(Vec<String>),
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
    /// Something the user should know: that the browser keeps no copy, for example.
    pub note: Option<String>,
}

/// Sample pictures; their pixels stand beside the message, RGBA, one picture after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplesView {
    /// Width and height of a picture.
    pub size: [usize; 2],
    /// The class of each.
    pub labels: Vec<usize>,
}

//! Data sets and batches. Readers turn bytes, as they arrive, into labeled samples; a loader
//! shuffles them and puts batches on a device. Disk, network and threads are used natively only.
//! The module knows tensors and their operations, no networks.

pub mod archive;
pub mod catalog;
mod cifar;
pub mod codecs;
mod concat;
mod dataset;
#[cfg(feature = "codecs")]
mod decode;
mod digest;
pub mod files;
mod folder;
pub mod idx;
pub mod images;
pub mod layout;
mod limits;
mod loader;
mod numpy;
#[cfg(all(not(target_arch = "wasm32"), feature = "codecs"))]
mod open;
mod prefetch;
pub mod preprocess;
mod random;
mod reader;
mod relabel;
mod shapes;
mod splits;
mod stats;
mod table;
mod table_file;
mod task;
pub mod transforms;
mod zip;

pub use cifar::{Cifar, CifarReader};
pub use codecs::{Codecs, LocalBoxFuture, Packing};
pub use concat::ConcatDataset;
pub use dataset::{Dataset, Samples, Subset, Whole, random_split};
pub use digest::digest;
pub use images::Images;
pub use limits::{Limits, Split};
pub use loader::{DataLoader, Epoch};
#[cfg(all(not(target_arch = "wasm32"), feature = "codecs"))]
pub use open::open;
pub use preprocess::Preprocessing;
pub use random::Random;
pub use reader::{Reader, is_wanted};
pub use relabel::Relabeled;
pub use shapes::Shapes;
pub use splits::{OpenOptions, Parts, SplitMethod, SplitRecord, Splits, stratify};
pub use stats::mean_std;
pub use table::{Columns, SkippedRow, Table, TableOptions, TableSchema};
pub use task::{TargetScale, Task};
pub use zip::crc32;

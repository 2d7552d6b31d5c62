//! Data sets and how batches are made of them. Readers turn bytes, in whatever pieces they arrive, into labelled
//! samples; a loader shuffles them and puts batches on a device. Disk, network and threads are used natively
//! only. It knows tensors and their operations, no networks.

mod ahead;
pub mod archive;
mod cifar;
mod concat;
mod dataset;
mod digest;
#[cfg(feature = "codecs")]
pub mod idx;
mod images;
mod limits;
mod loader;
#[cfg(all(not(target_arch = "wasm32"), feature = "codecs"))]
mod open;
pub mod pictures;
mod random;
mod relabel;
mod shapes;
mod source;
mod splits;
mod stats;
mod table;
pub mod transforms;
mod zip;

pub use cifar::{Cifar, CifarReader};
pub use concat::ConcatDataset;
pub use dataset::{Dataset, Samples, Subset, Whole, random_split};
pub use digest::digest;
pub use images::Images;
pub use limits::{Limits, Split};
pub use loader::{DataLoader, Epoch};
#[cfg(all(not(target_arch = "wasm32"), feature = "codecs"))]
pub use open::{open, picture_zip};
pub use random::Random;
pub use relabel::Relabeled;
pub use shapes::Shapes;
pub use source::Collection;
pub use splits::{OpenOptions, Parts, SplitMethod, SplitRecord, Splits, stratify};
pub use stats::mean_std;
pub use table::Table;
pub use zip::{Packed, Zip, crc32};

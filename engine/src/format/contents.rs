//! Kind of an existing file, by its first bytes: a model of Kindling is recognized without reading
//! its tensors.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::model::KEY;

/// Maximum bytes of a header, that of the crate `safetensors`.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// No file of that name exists.
    Nothing,
    /// The file is empty.
    Empty,
    /// A model saved by Kindling.
    Model,
    /// A checkpoint of a run: a model with the state for resuming.
    Checkpoint,
    /// Any other file, or one that cannot be read.
    Foreign,
}

/// Metadata in a header of safetensors.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__")]
    metadata: BTreeMap<String, String>,
}

/// Field of a model's metadata that only checkpoints have.
#[derive(Deserialize)]
struct Training {
    training: Option<IgnoredAny>,
}

/// Returns the kind of the file at `path`.
pub fn contents(path: &Path) -> Contents {
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Contents::Nothing,
        Ok(found) if found.is_file() && found.len() == 0 => return Contents::Empty,
        Ok(found) if found.is_file() => {}
        _ => return Contents::Foreign,
    }
    model(path).unwrap_or(Contents::Foreign)
}

/// Returns the kind of a file with a header of safetensors that names Kindling; `None` for other
/// files.
fn model(path: &Path) -> Option<Contents> {
    let mut file = File::open(path).ok()?;
    let mut length = [0u8; 8];
    file.read_exact(&mut length).ok()?;
    let bytes = u64::from_le_bytes(length);
    if bytes > MAX_HEADER_BYTES {
        return None;
    }
    let mut header = Vec::new();
    file.take(bytes).read_to_end(&mut header).ok()?;
    let header: Header = serde_json::from_slice(&header).ok()?;
    let training: Training = serde_json::from_str(header.metadata.get(KEY)?).ok()?;
    Some(if training.training.is_some() { Contents::Checkpoint } else { Contents::Model })
}

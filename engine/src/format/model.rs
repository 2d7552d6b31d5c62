//! Model files: a `.safetensors` with a state dict under PyTorch's names, and metadata for using
//! it: the model's specification, class names, normalization of the inputs, metrics. The
//! specification is JSON here; `train` interprets it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::safetensors::{FileTensor, TensorFile};
use crate::data::{Columns, Preprocessing, TableSchema};
use crate::{Error, Result};

/// Version of the metadata that this code writes; older ones are read.
pub const VERSION: u32 = 1;

/// Key of the metadata that holds [`ModelInfo`] as JSON.
pub(super) const KEY: &str = "kindling";

/// Normalization of a model's inputs: `(x − mean) / std` per channel, of values in 0 … 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Normalization {
    /// Mean of each channel.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel.
    pub std: Vec<f64>,
}

/// Metadata of a model file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Version of this structure.
    pub version: u32,
    /// Specification that the model was built from.
    #[serde(default)]
    pub spec: serde_json::Value,
    /// Shape of an input, channels first.
    #[serde(default)]
    pub input: Vec<usize>,
    /// Names of the classes, in the order of the outputs.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Normalization of the inputs, in files of older versions.
    #[serde(default)]
    pub normalization: Option<Normalization>,
    /// Preprocessing of images; `None` for models of other inputs, and in files of older versions
    /// ([`ModelInfo::image_preprocessing`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessing: Option<Preprocessing>,
    /// Columns of the table that the model was trained on; `None` for models of other inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// Metrics such as `test_accuracy`, by name.
    #[serde(default, with = "crate::json::float::map")]
    pub metrics: BTreeMap<String, f64>,
    /// Settings of the run that trained the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<serde_json::Value>,
    /// Record of the run: its samples, the epoch of these weights, and earlier settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<serde_json::Value>,
    /// State of a checkpoint beyond the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<serde_json::Value>,
}

impl ModelInfo {
    /// Returns the preprocessing of images: as stored, else derived from input and normalization.
    /// `None` if the model takes no images.
    ///
    /// # Errors
    /// The preprocessing is unknown to this program, or contradicts the input.
    pub fn image_preprocessing(&self) -> Result<Option<Preprocessing>> {
        let &[channels, height, width] = self.input.as_slice() else { return Ok(None) };
        let shape = [channels, height, width];
        let Some(stored) = &self.preprocessing else {
            let derived = Preprocessing::new(shape, self.normalization.as_ref());
            return Ok(derived.check().is_ok().then_some(derived));
        };
        stored.check()?;
        if stored.shape() != shape {
            let rule = format!("makes inputs of {:?}, the model takes {shape:?}", stored.shape());
            return Err(Error::value("preprocessing", rule));
        }
        Ok(Some(stored.clone()))
    }

    /// Returns the schema that another table must match, for a model of a table. With
    /// `needs_labels`, rows need labels too.
    pub fn table_schema(&self, needs_labels: bool) -> Option<TableSchema> {
        let columns = self.columns.clone()?;
        Some(TableSchema { columns, classes: self.classes.clone(), needs_labels })
    }
}

/// A model: tensors by name, and metadata.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFile {
    /// State dict; in a checkpoint also the optimizer's state, under names that start with
    /// [`ModelFile::TRAINING`].
    pub tensors: BTreeMap<String, FileTensor>,
    /// Metadata.
    pub info: ModelInfo,
}

impl ModelFile {
    /// Prefix of tensors that do not belong to the model. No module of PyTorch can have it, since
    /// names have no slash.
    pub const TRAINING: &'static str = "training/";

    /// Reads a model. `name` is the file's name in errors.
    ///
    /// # Errors
    /// The file is damaged, foreign, or of an unknown version.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self> {
        Self::from_tensors(TensorFile::from_bytes(bytes, name)?, name)
    }

    /// Creates a model from the tensors and the metadata of a file.
    ///
    /// # Errors
    /// As [`ModelFile::from_bytes`].
    pub fn from_tensors(file: TensorFile, name: &str) -> Result<Self> {
        let Some(json) = file.metadata.get(KEY) else {
            return Err(Error::file(name, "holds PyTorch tensors without the layers that they belong to"));
        };
        let info: ModelInfo =
            crate::json::read(json).map_err(|e| Error::file(name, format!("its metadata is damaged: {e}")))?;
        if info.version == 0 || info.version > VERSION {
            let problem = format!("has version {}, this program reads versions 1 to {VERSION}", info.version);
            return Err(Error::file(name, problem));
        }
        if let Some(Normalization { mean, std }) = &info.normalization
            && (mean.len() != std.len() || std.iter().any(|s| !s.is_finite() || *s <= 0.0))
        {
            return Err(Error::file(name, "its normalization is damaged: one positive std is needed for each mean"));
        }
        Ok(Self { tensors: file.tensors, info })
    }

    /// Returns `true` if the metadata of a file describes a model of its tensors.
    pub fn is_described(file: &TensorFile) -> bool {
        file.metadata.contains_key(KEY)
    }

    /// Returns the file's bytes.
    ///
    /// # Errors
    /// A shape contradicts its elements (a bug).
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let info = ModelInfo { version: VERSION, ..self.info.clone() };
        let json = crate::json::write(&info).map_err(|e| Error::internal(format!("model metadata: {e}")))?;
        let mut metadata = BTreeMap::new();
        metadata.insert(KEY.to_owned(), json);
        // Programs of PyTorch's ecosystem refuse files without this entry.
        metadata.insert("format".to_owned(), "pt".to_owned());
        TensorFile { tensors: self.tensors.clone(), metadata }.to_bytes()
    }

    /// Returns the tensors of the model alone.
    pub fn state(&self) -> impl Iterator<Item = (&String, &FileTensor)> {
        self.tensors.iter().filter(|(name, _)| !name.starts_with(Self::TRAINING))
    }
}

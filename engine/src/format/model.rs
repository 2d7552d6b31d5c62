//! Model files: a state dict under PyTorch's names in a `.safetensors`, and in its metadata what is needed to
//! use it: the spec it was built from, class names, the normalization of its inputs, how well it did. The spec is
//! JSON here; what it means is for `nn` to say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::safetensors::{FileTensor, TensorFile};
use crate::data::{Columns, Preprocessing, TrainedOn};
use crate::{Error, Result};

/// The version of the metadata that this code writes; older ones are read.
pub const VERSION: u32 = 1;

/// The metadata key under which everything about the model stands, as JSON.
pub(super) const KEY: &str = "kindling";

/// What inputs look like to a model: `(x − mean) / std` per channel, of values in 0..1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Normalization {
    /// The means, one a channel.
    pub mean: Vec<f64>,
    /// The standard deviations.
    pub std: Vec<f64>,
}

/// What stands in a model file beside its tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The version of this structure.
    pub version: u32,
    /// The spec the model was built from.
    #[serde(default)]
    pub spec: serde_json::Value,
    /// The sizes of one input, channels first.
    #[serde(default)]
    pub input: Vec<usize>,
    /// The names of the classes, in the order of the outputs.
    #[serde(default)]
    pub classes: Vec<String>,
    /// How inputs were normalized.
    #[serde(default)]
    pub normalization: Option<Normalization>,
    /// What is done to images before the model sees them; `None` for models of other inputs, and in files of older
    /// versions ([`ModelInfo::image_preprocessing`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessing: Option<Preprocessing>,
    /// The columns of the table that it was trained on; `None` for models of other inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// Figures such as `test_accuracy`.
    #[serde(default, with = "crate::json::float::map")]
    pub metrics: BTreeMap<String, f64>,
    /// The settings of the run that trained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<serde_json::Value>,
    /// Record of the run: its samples, the epoch that these weights are of, and earlier settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<serde_json::Value>,
    /// Whatever a checkpoint needs beyond the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<serde_json::Value>,
}

impl ModelInfo {
    /// What is done to images before the model sees them: as stored, else what its input and normalization say.
    /// `None` if the model takes no images.
    ///
    /// # Errors
    /// Steps that this program does not know, or that contradict the input.
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

    /// Returns what another table is matched to, for a model of a table: to test it, rows need labels.
    pub fn trained_on(&self, needs_labels: bool) -> Option<TrainedOn> {
        let columns = self.columns.clone()?;
        Some(TrainedOn { columns, classes: self.classes.clone(), needs_labels })
    }
}

/// A model: tensors by name, and what stands beside them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFile {
    /// The state dict; a checkpoint keeps the optimizer's state here too, under names that start with
    /// [`ModelFile::TRAINING`].
    pub tensors: BTreeMap<String, FileTensor>,
    /// The rest.
    pub info: ModelInfo,
}

impl ModelFile {
    /// What the names of tensors that are no part of the model start with. PyTorch's names cannot: a module's
    /// name has no slash.
    pub const TRAINING: &'static str = "training/";

    /// Reads a model. `name` is what errors call the file.
    ///
    /// # Errors
    /// The file is damaged, foreign, or of a version that this program does not know.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self> {
        Self::from_tensors(TensorFile::from_bytes(bytes, name)?, name)
    }

    /// A model from the tensors and the metadata of a file.
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

    /// Returns whether the metadata of a file describes the model that its tensors belong to.
    pub fn is_described(file: &TensorFile) -> bool {
        file.metadata.contains_key(KEY)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// A broken invariant: a shape that contradicts its elements.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let info = ModelInfo { version: VERSION, ..self.info.clone() };
        let json = crate::json::write(&info).map_err(|e| Error::internal(format!("model metadata: {e}")))?;
        let mut metadata = BTreeMap::new();
        metadata.insert(KEY.to_owned(), json);
        // Programs of PyTorch's world refuse files that do not say so.
        metadata.insert("format".to_owned(), "pt".to_owned());
        TensorFile { tensors: self.tensors.clone(), metadata }.to_bytes()
    }

    /// The tensors of the model alone.
    pub fn state(&self) -> impl Iterator<Item = (&String, &FileTensor)> {
        self.tensors.iter().filter(|(name, _)| !name.starts_with(Self::TRAINING))
    }
}

//! Models as plain data: a list of layers, checked without a device, read and written as JSON and
//! as text, and built into a module.

mod arguments;
mod build;
mod graph;
mod infer;
mod kind;
mod limits;
mod presets;
mod pytorch;
mod text;

pub use build::Model;
pub use graph::{GraphLayer, ModelGraph, ModelNode, Operation};
pub use infer::{Row, Summary};
pub use kind::{Branches, Kind, SIGNATURES, Sequence, Signature};
pub use presets::{PRESETS, Preset, preset};
pub(super) use text::call;
pub use text::{Parsed, TextError};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A model: its layers and its input shape.
///
/// ```
/// use kindling::train::ModelSpec;
/// # fn main() -> kindling::Result<()> {
/// let model = ModelSpec::from_text("tiny", &[1, 28, 28], "
///     flatten: Flatten()
///     fc1: Linear(784, 32)
///     ReLU()
///     fc2: Linear(32, 10)
/// ")?;
/// let summary = model.summary();
/// assert_eq!(summary.output.as_deref(), Some([10].as_slice()));
/// assert_eq!(summary.parameters, 784 * 32 + 32 + 32 * 10 + 10);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Name for display.
    pub name: String,
    /// Shape of an input, without the batch dimension: channels, height, width.
    pub input: Vec<usize>,
    /// Layers, in order.
    pub layers: Vec<LayerSpec>,
}

/// A layer and its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerSpec {
    /// Prefix of the layer's parameters. Without one it is the index, as in `nn.Sequential`; if
    /// empty, the parameters are named as those of the containing block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Type and hyper-parameters.
    #[serde(flatten)]
    pub kind: Kind,
}

impl LayerSpec {
    /// Creates a layer with a name.
    pub fn named(name: impl Into<String>, kind: impl Into<Kind>) -> Self {
        Self { name: Some(name.into()), kind: kind.into() }
    }

    /// Creates a layer named by its index.
    pub fn numbered(kind: impl Into<Kind>) -> Self {
        Self { name: None, kind: kind.into() }
    }

    /// Returns the name of the layer at index `number`.
    pub fn name_at(&self, number: usize) -> String {
        self.name.clone().unwrap_or_else(|| number.to_string())
    }
}

impl ModelSpec {
    /// Parses JSON.
    ///
    /// # Errors
    /// The text is no JSON, or has an unknown layer or hyper-parameter or a value of the wrong
    /// type; the error has the line. Blocks are nested too deeply, or there are too many layers.
    pub fn from_json(json: &str) -> Result<Self> {
        let spec: Self = crate::json::read(json).map_err(|e| Error::value("model", arguments::in_words(&e)))?;
        limits::check(&spec.layers).map_err(|why| Error::value("model", why))?;
        Ok(spec)
    }

    /// Returns the model as JSON.
    ///
    /// # Errors
    /// A number cannot be expressed in JSON; blocks are nested too deeply; or there are too many
    /// layers.
    pub fn to_json(&self) -> Result<String> {
        limits::check(&self.layers).map_err(|why| Error::value("model", why))?;
        crate::json::write(self).map_err(|e| Error::value("model", e))
    }

    /// Reads text as [`ModelSpec::to_text`] writes it: a layer a line, `name: Kind(arguments)` with
    /// PyTorch's arguments by position or by name; `Sequential`, `Residual` and `Concat` are
    /// followed by their layers in braces. PyTorch code is read, too: `nn.Sequential(…)`, a class
    /// of `nn.Module` with its `forward`, a list of assignments, and the output of `print(model)`.
    /// Layers keep the names that they have in PyTorch.
    ///
    /// ```
    /// use kindling::train::ModelSpec;
    /// # fn main() -> kindling::Result<()> {
    /// let model = ModelSpec::from_text("tiny", &[1, 28, 28], "
    /// class Net(nn.Module):
    ///     def __init__(self):
    ///         super().__init__()
    ///         self.fc1 = nn.Linear(28 * 28, 32)
    ///         self.fc2 = nn.Linear(32, 10)
    ///
    ///     def forward(self, x):
    ///         x = F.relu(self.fc1(torch.flatten(x, 1)))
    ///         return self.fc2(x)
    /// ")?;
    /// assert_eq!(model.summary().output.as_deref(), Some([10].as_slice()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The first error and its line.
    pub fn from_text(name: &str, input: &[usize], text: &str) -> Result<Self> {
        match Self::parse(text) {
            Ok(Parsed { layers, .. }) => Ok(Self { name: name.to_owned(), input: input.to_vec(), layers }),
            Err(TextError { line, why }) => Err(Error::value("model", format!("line {line}: {why}"))),
        }
    }

    /// Parses layers with their lines, for an editor.
    ///
    /// # Errors
    /// The first error and its line.
    pub fn parse(text: &str) -> Result<Parsed, TextError> {
        match pytorch::parse(text) {
            Some(parsed) => parsed,
            None => text::parse(text),
        }
    }

    /// Returns the layers as text.
    pub fn to_text(&self) -> String {
        text::print(&self.layers)
    }

    /// Checks that every layer fits.
    ///
    /// # Errors
    /// Error of the first layer that does not fit: "fc1 expects 400 inputs, receives 256 = 16×4×4".
    pub fn check(&self) -> Result<()> {
        match self.summary().error {
            Some(error) => Err(Error::shape("model", error)),
            None => Ok(()),
        }
    }
}

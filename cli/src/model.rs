//! Model of a command: a file of Kindling, which describes itself, or tensors saved by PyTorch,
//! which flags describe.

use std::path::PathBuf;

use clap::Args;
use kindling::data::Preprocessing;
use kindling::format::{ModelFile, Normalization, TensorFile, files};
use kindling::train::{ModelSpec, weights};
use kindling::{Error, Result};

/// Flags for the model and for the description of its file.
#[derive(Args)]
pub struct ModelArgs {
    /// Model: a file of Kindling; or tensors saved by PyTorch (.safetensors, .pt, .pth), with
    /// --preset or --spec.
    #[arg(long, value_name = "FILE", default_value = "model.safetensors")]
    pub model: PathBuf,
    /// Preset of tensors saved by PyTorch.
    #[arg(long, value_name = "NAME", conflicts_with = "spec")]
    preset: Option<String>,
    /// Layers of tensors saved by PyTorch: text with one layer per line, JSON, or a model of
    /// Kindling, whose class names and preprocessing are used, too.
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Shape of an input, such as 3,224,224, if it cannot be derived from the tensors.
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    input: Option<Vec<usize>>,
    /// Mean of each channel, of values from 0 to 1, for normalizing inputs.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', requires = "std")]
    mean: Option<Vec<f64>>,
    /// Standard deviation of each channel.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', requires = "mean")]
    std: Option<Vec<f64>>,
}

/// Reads the tensors of a file by Kindling or by PyTorch.
pub fn tensors(path: &std::path::Path) -> Result<TensorFile> {
    TensorFile::from_any(&files::read(path)?, &path.display().to_string())
}

impl ModelArgs {
    /// Opens the model.
    pub fn open(&self) -> Result<ModelFile> {
        let name = self.model.display().to_string();
        let tensors = tensors(&self.model)?;
        let given = [
            ("--preset", self.preset.is_some()),
            ("--spec", self.spec.is_some()),
            ("--input", self.input.is_some()),
            ("--mean", self.mean.is_some()),
        ];
        let given = given.into_iter().find_map(|(flag, given)| given.then_some(flag));
        if ModelFile::is_described(&tensors) {
            return match given {
                Some(flag) => Err(Error::file(&name, format!("says itself what it was built from; leave {flag} away"))),
                None => ModelFile::from_tensors(tensors, &name),
            };
        }
        let named = |e: Error| Error::file(&name, e);
        let input = self.input.as_deref();
        let mut file = match (&self.preset, &self.spec) {
            (Some(preset), _) => weights::with_preset(preset, input, &tensors).map_err(named)?,
            (None, Some(spec)) => self.with_spec(spec, &tensors)?,
            (None, None) => {
                let flags = "give --preset NAME or --spec FILE along with it";
                let hint = |e: Error| Error::file(&name, format!("{}; {flags}", problem(e)));
                return ModelFile::from_tensors(tensors, &name).map_err(hint);
            }
        };
        if let (Some(mean), Some(std)) = (&self.mean, &self.std) {
            let stats = Normalization { mean: mean.clone(), std: std.clone() };
            if let &[channels, height, width] = file.info.input.as_slice() {
                let steps = Preprocessing::new([channels, height, width], Some(&stats));
                steps.check()?;
                file.info.preprocessing = Some(steps);
            }
            file.info.normalization = Some(stats);
        }
        Ok(file)
    }

    /// Returns the model for a file that describes layers.
    fn with_spec(&self, spec: &std::path::Path, tensors: &TensorFile) -> Result<ModelFile> {
        let named = |e: Error| Error::file(self.model.display(), e);
        if spec.extension().is_some_and(|e| e == "safetensors") {
            let like = ModelFile::from_tensors(self::tensors(spec)?, &spec.display().to_string())?;
            let model: ModelSpec = serde_json::from_value(like.info.spec.clone())
                .map_err(|e| Error::file(spec.display(), format!("its model is damaged: {e}")))?;
            let mut file = weights::with_spec(&model, tensors).map_err(named)?;
            file.info.classes = like.info.classes;
            file.info.normalization = like.info.normalization;
            file.info.preprocessing = like.info.preprocessing;
            return Ok(file);
        }
        let model = crate::settings::model(spec)?;
        let model: ModelSpec = serde_json::from_value(model).map_err(|e| Error::file(spec.display(), e))?;
        match spec.extension().is_some_and(|e| e == "json") {
            true => weights::with_spec(&model, tensors).map_err(named),
            false => weights::with_layers(&model, self.input.as_deref(), tensors).map_err(named),
        }
    }
}

/// Returns the problem of a file's error, without the file's name.
fn problem(error: Error) -> String {
    match error {
        Error::File { problem, .. } => problem,
        other => other.to_string(),
    }
}

//! `kindling export`: exports a saved model for other programs.

use std::path::{Path, PathBuf};

use clap::Args;
use kindling::format::{ModelFile, files};
use kindling::train::python::Script;
use kindling::train::{ModelSpec, onnx, run_spec};
use kindling::{Error, Result};

use crate::model::ModelArgs;
use crate::output;
use crate::outputs::Outputs;

/// Export a saved model for other programs.
#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    model: ModelArgs,
    /// File to write, in the format of its extension. With `.py`, a PyTorch script with the weights
    /// beside it, which trains the model anew if it was trained on CIFAR, MNIST or a folder of
    /// images. With `.onnx`, a model for onnxruntime, which takes images with values from 0 to 255.
    /// With `.safetensors`, the model without a checkpoint's state of the run.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace existing files of these names, but never the model that is read. Without it, only an
    /// earlier export is replaced.
    #[arg(long)]
    overwrite: bool,
}

/// Exports a model.
pub fn run(args: &Export) -> Result<()> {
    let file = args.model.open()?;
    match args.out.extension().and_then(|e| e.to_str()) {
        Some("py") => script(args, &file),
        Some("safetensors") => save(args, &model_only(&file).to_bytes()?),
        Some("onnx") => save(args, &onnx::export(&specification(args, &file)?, &file)?),
        _ => Err(Error::file(args.out.display(), "must end in .py, .onnx or .safetensors")),
    }
}

fn save(args: &Export, bytes: &[u8]) -> Result<()> {
    let outputs = Outputs::default().reads("--model", Some(&args.model.model));
    outputs.write_all(&[("--out", &args.out, bytes)], args.overwrite)?;
    output::line(format!("saved {}", args.out.display()))
}

fn specification(args: &Export, file: &ModelFile) -> Result<ModelSpec> {
    let damaged = |e: serde_json::Error| Error::file(args.model.model.display(), format!("its model is damaged: {e}"));
    serde_json::from_value(file.info.spec.clone()).map_err(damaged)
}

fn script(args: &Export, file: &ModelFile) -> Result<()> {
    let model = specification(args, file)?;
    let train = run_spec(file)?;
    let weights = args.out.with_extension("safetensors");
    let Some(name) = weights.file_name().and_then(|name| name.to_str()) else {
        return Err(Error::file(args.out.display(), "is no UTF-8, which a script must be to name its weights"));
    };
    let preprocessing = file.info.image_preprocessing().map_err(|e| Error::file(args.model.model.display(), e))?;
    let script = Script {
        model: &model,
        preprocessing: preprocessing.as_ref(),
        classes: &file.info.classes,
        table: file.info.columns.as_ref().map(|columns| (columns, file.info.normalization.as_ref())),
        train: train.as_ref(),
        weights: name,
    };
    let text = script.text()?;
    // The weights may be the file that was read: a model stays unchanged, a checkpoint is not
    // overwritten.
    let same = files::is_same(&args.model.model, &weights);
    if same && file.info.training.is_some() {
        let problem =
            format!("the weights would overwrite the checkpoint {}; choose another name", args.model.model.display());
        return Err(Error::file(args.out.display(), problem));
    }
    let mut outputs = vec![("--out", args.out.as_path(), text.as_bytes())];
    let model = model_only(file).to_bytes()?;
    if !same {
        outputs.insert(0, ("the weights of --out", &weights, &model));
    }
    let overwrite = args.overwrite || is_earlier_export(&args.out, &weights);
    Outputs::default().reads("--model", Some(&args.model.model)).write_all(&outputs, overwrite)?;
    let does = match (script.has_loop(), &train) {
        (true, _) if file.info.columns.is_some() => "it predicts rows of tables, and trains with --data TABLE",
        (true, _) => "it predicts, and trains with --data DIR",
        (false, None) => "it predicts; the model does not say how it was trained",
        (false, Some(_)) => "it predicts; PyTorch has no loader for this data, or not this optimizer",
    };
    output::line(format!("saved {} and {}: {does}", args.out.display(), weights.display()))
}

/// Returns `true` if the script and its weights are an unchanged earlier export. Weights newer than
/// the script belong to another model.
fn is_earlier_export(script: &Path, weights: &Path) -> bool {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let is_script = |text: Vec<u8>| String::from_utf8_lossy(&text).contains(Script::TITLE);
    let unchanged = match (modified(weights), modified(script)) {
        (Some(weights), Some(script)) => weights <= script,
        _ => false,
    };
    unchanged && script.is_file() && files::read(script).is_ok_and(is_script)
}

/// Removes a checkpoint's state of the run.
fn model_only(file: &ModelFile) -> ModelFile {
    let tensors = file.state().map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
    let mut info = file.info.clone();
    info.training = None;
    ModelFile { tensors, info }
}

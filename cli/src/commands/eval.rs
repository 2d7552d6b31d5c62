//! `kindling eval`: how a saved model does on a test set.

use std::path::PathBuf;

use clap::Args;
use kindling::format::{ModelFile, files};
use kindling::train::{DataSpec, Evaluation, TrainSpec, evaluate, load_model};
use kindling::{Error, Result, block_on};
use serde_json::json;

use crate::config::{DataArgs, DeviceChoice};
use crate::output;

/// Test a saved model.
#[derive(Args)]
pub struct Eval {
    /// The model, or a checkpoint.
    #[arg(long, value_name = "FILE", default_value = "model.safetensors")]
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Where to run.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Tests.
pub fn run(args: &Eval) -> Result<()> {
    let file = ModelFile::from_bytes(&files::read(&args.model)?, &args.model.display().to_string())?;
    let data = args.data.open()?;
    let (classes, shape) = (data.test.classes(), data.test.shape());
    if file.info.input != shape || file.info.classes.len() != classes.len() {
        let problem = format!(
            "takes inputs of {:?} and knows {} classes, the data has {shape:?} and {}",
            file.info.input,
            file.info.classes.len(),
            classes.len()
        );
        return Err(Error::file(args.model.display(), problem));
    }
    let (device, _) = args.device.open()?;
    let model = load_model(&file, &device)?;
    let normalization = file.info.normalization.clone().unwrap_or_default();
    let spec = TrainSpec { data: DataSpec::default(), ..TrainSpec::default() };
    let loader = spec.test_loader(&data.test, &normalization, &device)?;
    let bar = output::bar(loader.len() as u64, "batch", args.json).with_prefix("testing");
    let result = block_on(evaluate(&model, &loader, &spec.loss, |done, _| bar.set_position(done as u64)))?;
    bar.finish_and_clear();
    if args.json {
        return output::object(&json!({
            "event": "eval", "test": data.test.len(), "test_loss": result.loss, "test_accuracy": result.accuracy,
            "classes": classes, "class_accuracy": result.class_accuracies(), "confusion": result.confusion,
        }));
    }
    output::line(format!(
        "{} test samples: loss {:.4}, accuracy {:.2} %",
        output::thousands(data.test.len()),
        result.loss,
        100.0 * result.accuracy
    ))?;
    print_classes(&result, classes)
}

/// The accuracy of each class and what it is most often taken for.
pub fn print_classes(result: &Evaluation, classes: &[String]) -> Result<()> {
    let width = classes.iter().map(|c| c.chars().count()).max().unwrap_or(0).max(5);
    output::line(format!("{:<width$}  accuracy  most often taken for", "class"))?;
    for ((i, accuracy), class) in result.class_accuracies().into_iter().enumerate().zip(classes) {
        let Some(accuracy) = accuracy else { continue };
        let row = &result.confusion[i];
        let others = row.iter().enumerate().filter(|(j, n)| *j != i && **n > 0);
        let taken = others.max_by_key(|(j, n)| (**n, std::cmp::Reverse(*j))).map_or_else(String::new, |(j, n)| {
            format!("{} ({})", classes.get(j).map_or("", String::as_str), output::thousands(*n as usize))
        });
        output::line(format!("{class:<width$}  {:>6.2} %  {taken}", 100.0 * accuracy).trim_end())?;
    }
    Ok(())
}

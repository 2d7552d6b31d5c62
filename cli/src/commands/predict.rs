//! `kindling predict`: predictions of a saved model for images or the rows of a table.

use std::path::PathBuf;

use clap::Args;
use kindling::data::transforms::{Compose, Normalize};
use kindling::data::{DataLoader, Images, images};
use kindling::format::files;
use kindling::nn::Module;
use kindling::train::load_model;
use kindling::{Error, Result, block_on, no_grad};
use serde_json::json;

use std::sync::Arc;

use crate::config::DeviceChoice;
use crate::model::ModelArgs;
use crate::output;

/// Predict the classes of images, or the labels of a table's rows.
#[derive(Args)]
pub struct Predict {
    /// Image files: PNG, JPEG, WebP or BMP; for a model of a table, tables with its columns.
    #[arg(required = true, value_name = "FILES")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) model: ModelArgs,
    /// Number of classes printed for each image or row; as text, a row has one.
    #[arg(long, default_value_t = 5)]
    pub(super) top: usize,
    /// Device to run on.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub(super) device: DeviceChoice,
    /// Print one JSON object per image or row instead of text.
    #[arg(long)]
    pub(super) json: bool,
}

/// Predicts images or rows.
pub fn run(args: &Predict) -> Result<()> {
    let file = args.model.open()?;
    if let Some(schema) = file.info.table_schema(false) {
        return super::predict_rows::run(args, &file, &schema);
    }
    let refuse = |e: Error| Error::file(args.model.model.display(), e);
    let Some(preprocessing) = file.info.image_preprocessing().map_err(refuse)? else {
        let problem = format!("takes inputs of {:?}, not images", file.info.input);
        return Err(Error::file(args.model.model.display(), problem));
    };
    let classes = file.info.classes.clone();
    let mut images = Images::new(preprocessing.shape(), classes.clone());
    for path in &args.files {
        let image = images::decode(&path.display().to_string(), &files::read(path)?)?;
        images.push(&preprocessing.apply(&image)?, 0)?;
    }
    let (device, _) = args.device.open()?;
    let model = load_model(&file, &device)?;
    model.eval();
    let mut transform = Compose::new();
    if !preprocessing.mean.is_empty() {
        transform = transform.then(Normalize::new(&preprocessing.mean, &preprocessing.std)?);
    }
    let loader = DataLoader::new(Arc::new(images)).batch_size(64).transform(transform).device(&device);
    let mut paths = args.files.iter();
    for batch in loader.epoch(0)? {
        let (inputs, _) = batch?;
        let probabilities = no_grad(|| model.forward(&inputs)?.softmax(1))?;
        let outputs = probabilities.size(1)?;
        if outputs != classes.len() {
            let problem = format!("gives {outputs} numbers and names {} classes", classes.len());
            return Err(Error::file(args.model.model.display(), problem));
        }
        for (row, path) in block_on(probabilities.to_vec::<f32>())?.chunks(outputs.max(1)).zip(&mut paths) {
            if row.iter().any(|probability| !probability.is_finite()) {
                let problem = format!("gives numbers that are not finite for {}", path.display());
                return Err(Error::file(args.model.model.display(), problem));
            }
            let mut ranked: Vec<(&String, f32)> = classes.iter().zip(row.iter().copied()).collect();
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
            ranked.truncate(args.top.max(1));
            print(args, path, &ranked)?;
        }
    }
    Ok(())
}

fn print(args: &Predict, path: &std::path::Path, ranked: &[(&String, f32)]) -> Result<()> {
    if args.json {
        let classes: Vec<_> = ranked.iter().map(|(class, p)| json!({ "class": class, "probability": p })).collect();
        return output::object(&json!({ "event": "prediction", "picture": output::path(path), "classes": classes }));
    }
    output::line(path.display())?;
    let width = ranked.iter().map(|(class, _)| class.chars().count()).max().unwrap_or(0);
    for (class, probability) in ranked {
        let bar = "█".repeat((probability * 20.0).round() as usize);
        output::line(format!("  {class:<width$}  {:>6.2} %  {bar}", 100.0 * probability).trim_end())?;
    }
    Ok(())
}

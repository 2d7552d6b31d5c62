//! `kindling predict` for tables: the class of each row, or the quantity.

use std::path::Path;
use std::sync::Arc;

use kindling::data::transforms::{Compose, Normalize};
use kindling::data::{DataLoader, Dataset, LeftOut, Table, TableOptions, Task, TrainedOn};
use kindling::format::{ModelFile, files};
use kindling::nn::Module;
use kindling::train::{Model, load_model};
use kindling::{Device, Error, Result, block_on, no_grad};
use serde_json::json;

use super::predict::Predict;
use crate::{figures, output};

/// Rows that are predicted at once.
const BATCH: usize = 1024;

/// Predicts the rows of tables for a model that was trained on one.
pub fn run(args: &Predict, file: &ModelFile, trained_on: &TrainedOn) -> Result<()> {
    let (device, _) = args.device.open()?;
    let model = load_model(file, &device)?;
    model.eval();
    for path in &args.files {
        let name = path.display().to_string();
        let options = TableOptions { model: Some(trained_on.clone()), ..TableOptions::default() };
        let table = Table::from_csv(&name, &files::read(path)?, &options)?;
        output::notes(table.notes());
        let left_out = table.left_out().to_vec();
        let rows = table.rows().to_vec();
        let predictions = outputs(args, path, file, &model, table, &device)?;
        let width =
            rows.iter().chain(left_out.iter().map(|left| &left.row)).max().map_or(1, |row| row.to_string().len());
        let printer = Printer { args, path, trained_on, width };
        // Rows come in the order of the file, those that lack a value too.
        let mut left_out = left_out.iter().peekable();
        for (row, outputs) in rows.iter().zip(predictions) {
            while let Some(left) = left_out.next_if(|left| left.row < *row) {
                printer.left_out(left)?;
            }
            printer.row(*row, &outputs)?;
        }
        left_out.try_for_each(|left| printer.left_out(left))?;
    }
    Ok(())
}

/// The model's numbers for each row: probabilities of classes, or the quantity.
fn outputs(
    args: &Predict,
    path: &Path,
    file: &ModelFile,
    model: &Model,
    table: Table,
    device: &Device,
) -> Result<Vec<Vec<f32>>> {
    let (task, columns) = (table.task(), table.columns().clone());
    let wanted = table.outputs();
    let scale = columns.target_scale.unwrap_or_default();
    let mut transform = Compose::new();
    if let Some(stats) = &file.info.normalization {
        transform = transform.then(Normalize::new(&stats.mean, &stats.std)?);
    }
    let loader = DataLoader::new(Arc::new(table)).batch_size(BATCH).transform(transform).device(device);
    let mut rows = Vec::new();
    for batch in loader.epoch(0)? {
        let (inputs, _) = batch?;
        let results = no_grad(|| {
            let output = model.forward(&inputs)?;
            if task == Task::Classification { output.softmax(1) } else { Ok(output) }
        })?;
        let outputs = results.size(1)?;
        if outputs != wanted {
            let problem = format!("gives {outputs} numbers a row, and {wanted} are needed");
            return Err(Error::file(args.model.model.display(), problem));
        }
        let numbers = block_on(results.to_vec::<f32>())?;
        if numbers.iter().any(|number| !number.is_finite()) {
            let problem = format!("gives numbers that are not finite for {}", path.display());
            return Err(Error::file(args.model.model.display(), problem));
        }
        let in_unit = |number: f32| match task {
            Task::Classification => number,
            Task::Regression => scale.unscaled(number.into()) as f32,
        };
        rows.extend(numbers.chunks(outputs.max(1)).map(|row| row.iter().copied().map(in_unit).collect::<Vec<f32>>()));
    }
    Ok(rows)
}

/// Prints rows of one file.
struct Printer<'a> {
    args: &'a Predict,
    path: &'a Path,
    trained_on: &'a TrainedOn,
    /// Digits of the highest row.
    width: usize,
}

impl Printer<'_> {
    fn row(&self, row: u32, outputs: &[f32]) -> Result<()> {
        let width = self.width;
        if self.trained_on.columns.task == Task::Regression {
            let value = outputs.first().copied().unwrap_or(f32::NAN);
            if self.args.json {
                let label = &self.trained_on.columns.label;
                return output::object(&json!({
                    "event": "prediction", "file": output::path(self.path), "row": row, "label": label, "value": value,
                }));
            }
            return output::line(format!("{row:>width$}  {}", figures::significant(value.into())));
        }
        let classes = &self.trained_on.classes;
        let mut ranked: Vec<(&String, f32)> = classes.iter().zip(outputs.iter().copied()).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        if self.args.json {
            ranked.truncate(self.args.top.max(1));
            let classes: Vec<_> = ranked.iter().map(|(class, p)| json!({ "class": class, "probability": p })).collect();
            return output::object(&json!({
                "event": "prediction", "file": output::path(self.path), "row": row, "classes": classes,
            }));
        }
        let Some((class, probability)) = ranked.first() else { return Ok(()) };
        let longest = classes.iter().map(|class| class.chars().count()).max().unwrap_or(0);
        output::line(format!("{row:>width$}  {class:<longest$}  {:>6.2} %", 100.0 * probability))
    }

    fn left_out(&self, left: &LeftOut) -> Result<()> {
        if self.args.json {
            return output::object(&json!({
                "event": "prediction", "file": output::path(self.path), "row": left.row, "line": left.line, "missing": left.column,
            }));
        }
        let width = self.width;
        output::line(format!(
            "{:>width$}  no prediction: column {:?} has no value in line {}",
            left.row, left.column, left.line
        ))
    }
}

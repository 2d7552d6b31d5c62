//! `kindling predict` for tables: predicts the class of each row, or the quantity.

use std::path::Path;
use std::sync::Arc;

use kindling::data::transforms::{Compose, Normalize};
use kindling::data::{DataLoader, Dataset, SkippedRow, Table, TableOptions, TableSchema, Task};
use kindling::format::{ModelFile, files};
use kindling::nn::Module;
use kindling::train::{Model, load_model};
use kindling::{Device, Error, Result, block_on, no_grad};
use serde_json::json;

use super::predict::Predict;
use crate::{metrics, output};

/// Number of rows per batch.
const BATCH: usize = 1024;

/// Predicts the rows of tables with a model of a table.
pub fn run(args: &Predict, file: &ModelFile, schema: &TableSchema) -> Result<()> {
    let (device, _) = args.device.open()?;
    let model = load_model(file, &device)?;
    model.eval();
    for path in &args.files {
        let name = path.display().to_string();
        let options = TableOptions { model: Some(schema.clone()), ..TableOptions::default() };
        let table = Table::from_csv(&name, &files::read(path)?, &options)?;
        output::notes(table.notes());
        let skipped = table.skipped().to_vec();
        let rows = table.rows().to_vec();
        let predictions = outputs(args, path, file, &model, table, &device)?;
        let width =
            rows.iter().chain(skipped.iter().map(|skipped| &skipped.row)).max().map_or(1, |row| row.to_string().len());
        let printer = Printer { args, path, schema, width };
        // Rows are printed in the order of the file, including those without a prediction.
        let mut skipped = skipped.iter().peekable();
        for (row, outputs) in rows.iter().zip(predictions) {
            while let Some(next) = skipped.next_if(|next| next.row < *row) {
                printer.skipped(next)?;
            }
            printer.row(*row, &outputs)?;
        }
        skipped.try_for_each(|row| printer.skipped(row))?;
    }
    Ok(())
}

/// Returns the model's outputs for each row: probabilities of classes, or the quantity.
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

/// Printer of the rows of a file.
struct Printer<'a> {
    args: &'a Predict,
    path: &'a Path,
    schema: &'a TableSchema,
    /// Number of digits of the last row's index.
    width: usize,
}

impl Printer<'_> {
    fn row(&self, row: u32, outputs: &[f32]) -> Result<()> {
        let width = self.width;
        if self.schema.columns.task == Task::Regression {
            let value = outputs.first().copied().unwrap_or(f32::NAN);
            if self.args.json {
                let label = &self.schema.columns.label;
                return output::object(&json!({
                    "event": "prediction", "file": output::path(self.path), "row": row, "label": label, "value": value,
                }));
            }
            return output::line(format!("{row:>width$}  {}", metrics::significant(value.into())));
        }
        let classes = &self.schema.classes;
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

    fn skipped(&self, row: &SkippedRow) -> Result<()> {
        if self.args.json {
            return output::object(&json!({
                "event": "prediction", "file": output::path(self.path), "row": row.row, "line": row.line, "missing": row.column,
            }));
        }
        let width = self.width;
        output::line(format!(
            "{:>width$}  no prediction: column {:?} has no value in line {}",
            row.row, row.column, row.line
        ))
    }
}

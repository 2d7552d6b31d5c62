//! `kindling data`: downloads a data set, or describes one.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use kindling::data::{Dataset, Limits, OpenOptions, Splits, Task, open};
use kindling::{Error, Result};
use serde_json::json;

use super::fetch;
use crate::data_args::{self, TableArgs};
use crate::output;

/// Download data sets and describe them.
#[derive(Args)]
pub struct Data {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Subcommand)]
enum DataCommand {
    /// Download a data set, resume an interrupted download, and check its checksum.
    Fetch(fetch::Fetch),
    /// Read a data set, check it, and describe it.
    Describe(Describe),
}

#[derive(Args)]
struct Describe {
    /// Folder, .tar.gz, .zip, .npz or .csv.
    path: PathBuf,
    /// Refuse files that cannot be read, instead of skipping them.
    #[arg(long)]
    strict: bool,
    /// Read only the first TRAIN_LIMIT training samples.
    #[arg(long)]
    train_limit: Option<usize>,
    /// Read only the first TEST_LIMIT test samples.
    #[arg(long)]
    test_limit: Option<usize>,
    #[command(flatten)]
    table: TableArgs,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(data: &Data) -> Result<()> {
    match &data.command {
        DataCommand::Fetch(args) => fetch::run(args),
        DataCommand::Describe(args) => describe(args),
    }
}

fn describe(args: &Describe) -> Result<()> {
    let limits = Limits { train: args.train_limit, test: args.test_limit };
    let table = args.table.options()?;
    let options = OpenOptions { limits, strict: args.strict, table, ..OpenOptions::default() };
    let data = open(&args.path, &options).map_err(data_args::with_advice)?;
    data_args::check_table(&data, &options.table)?;
    let Splits { name, kind, train, validation, test, split, notes } = &data;
    let mut columns = vec![("train", counts(train)?)];
    if let Some(validation) = validation {
        columns.push(("validation", counts(validation)?));
    }
    columns.push(("test", counts(test)?));
    let shape = train.shape();
    if args.json {
        let class = |(index, name): (usize, &String)| {
            let mut row = serde_json::Map::from_iter([("name".to_owned(), json!(name))]);
            row.extend(columns.iter().map(|(split, counts)| ((*split).to_owned(), json!(counts[index]))));
            serde_json::Value::Object(row)
        };
        let classes: Vec<_> = train.classes().iter().enumerate().map(class).collect();
        return output::object(&json!({
            "name": name, "kind": kind, "task": train.task(), "shape": shape, "train": train.len(),
            "validation": validation.as_ref().map(|data| data.len()), "test": test.len(), "classes": classes,
            "split": split, "notes": notes,
        }));
    }
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let validated =
        validation.as_ref().map_or_else(String::new, |data| format!(", {} to validate", output::thousands(data.len())));
    output::line(format!(
        "{name}: {} to train{validated}, {} to test, each {}",
        output::thousands(train.len()),
        output::thousands(test.len()),
        sizes.join("×")
    ))?;
    for note in split.describe().iter().chain(notes) {
        output::line(format!("note: {note}"))?;
    }
    if train.task() == Task::Regression {
        return Ok(());
    }
    let width = train.classes().iter().map(|c| c.chars().count()).max().unwrap_or(0).max(5);
    let cells = |cells: &mut dyn Iterator<Item = String>| cells.map(|cell| format!("  {cell:>10}")).collect::<String>();
    let heads = cells(&mut columns.iter().map(|(split, _)| (*split).to_owned()));
    output::line(format!("{:<width$}{heads}", "class"))?;
    for (index, class) in train.classes().iter().enumerate() {
        let row = cells(&mut columns.iter().map(|(_, counts)| output::thousands(counts[index])));
        output::line(format!("{class:<width$}{row}"))?;
    }
    Ok(())
}

/// Returns the number of samples of each class; empty for regression.
fn counts(data: &Arc<dyn Dataset>) -> Result<Vec<usize>> {
    if data.task() == Task::Regression {
        return Ok(Vec::new());
    }
    let mut counts = vec![0; data.classes().len()];
    for i in 0..data.len() {
        let label = data.label(i)?;
        let classes = counts.len();
        let count = counts.get_mut(label).ok_or_else(|| {
            Error::value("data", format!("sample {i} has the label {label}, there are {classes} classes"))
        })?;
        *count += 1;
    }
    Ok(counts)
}

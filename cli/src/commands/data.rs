//! `kindling data`: fetch a data set from its official place, and say what is in one.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use kindling::data::{Cifar, Dataset, Limits, OpenOptions, Splits, open};
use kindling::{Error, Result};
use serde_json::json;

use crate::{download, output, stop};

/// Fetch data sets and say what is in them.
#[derive(Args)]
pub struct Data {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Subcommand)]
enum DataCommand {
    /// Download a data set, go on with a download that was cut off, and check its checksum.
    Fetch(Fetch),
    /// Read a data set, check it, and say what is in it.
    Describe(Describe),
}

#[derive(Args)]
struct Fetch {
    /// Which data set.
    #[arg(value_enum)]
    set: Name,
    /// Where to put it; made if it is not there.
    #[arg(long, default_value = "data")]
    out: PathBuf,
    /// Another address to fetch the official file from, such as a mirror; the checksum stays the official one.
    #[arg(long)]
    url: Option<String>,
    /// Print one JSON object a line instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// 60,000 pictures of ten classes, 32×32 (170 MB).
    Cifar10,
    /// 60,000 pictures of a hundred classes, 32×32 (169 MB).
    Cifar100,
}

impl From<Name> for Cifar {
    fn from(name: Name) -> Self {
        match name {
            Name::Cifar10 => Self::Cifar10,
            Name::Cifar100 => Self::Cifar100,
        }
    }
}

#[derive(Args)]
struct Describe {
    /// A folder, .tar.gz, .zip or .csv.
    path: PathBuf,
    /// Read the first so many training samples only.
    #[arg(long)]
    train_limit: Option<usize>,
    /// Read the first so many test samples only.
    #[arg(long)]
    test_limit: Option<usize>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Does what was asked.
pub fn run(data: &Data) -> Result<()> {
    match &data.command {
        DataCommand::Fetch(args) => fetch(args),
        DataCommand::Describe(args) => describe(args),
    }
}

fn fetch(args: &Fetch) -> Result<()> {
    let set = Cifar::from(args.set);
    stop::listen();
    let path = args.out.join(set.archive());
    let url = args.url.as_deref().unwrap_or(set.url());
    let fetched = download::fetch(url, &path, set.md5(), args.json)?;
    if args.json {
        let event =
            json!({ "event": "fetched", "path": path, "bytes": fetched.bytes, "downloaded": fetched.downloaded });
        return output::object(&event);
    }
    let how = if fetched.downloaded == 0 { "is there already" } else { "fetched" };
    output::line(format!(
        "{} {how}: {} bytes, checksum right",
        path.display(),
        output::thousands(fetched.bytes as usize)
    ))?;
    output::line(format!("use it with --data {}", args.out.display()))
}

fn describe(args: &Describe) -> Result<()> {
    let limits = Limits { train: args.train_limit, test: args.test_limit };
    let data = open(&args.path, &OpenOptions { limits, ..OpenOptions::default() })?;
    let (train, test) = (counts(&data.train)?, counts(&data.test)?);
    let Splits { name, .. } = &data;
    let shape = data.train.shape();
    if args.json {
        let classes: Vec<_> = data
            .train
            .classes()
            .iter()
            .zip(train.iter().zip(&test))
            .map(|(name, (train, test))| json!({ "name": name, "train": train, "test": test }))
            .collect();
        return output::object(&json!({
            "name": name, "shape": shape, "train": data.train.len(), "test": data.test.len(), "classes": classes,
        }));
    }
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    output::line(format!(
        "{name}: {} to train, {} to test, each {}",
        output::thousands(data.train.len()),
        output::thousands(data.test.len()),
        sizes.join("×")
    ))?;
    let width = data.train.classes().iter().map(|c| c.chars().count()).max().unwrap_or(0).max(5);
    output::line(format!("{:<width$}  {:>8}  {:>8}", "class", "train", "test"))?;
    for (class, (train, test)) in data.train.classes().iter().zip(train.iter().zip(&test)) {
        output::line(format!("{class:<width$}  {:>8}  {:>8}", output::thousands(*train), output::thousands(*test)))?;
    }
    Ok(())
}

/// Samples of each class.
fn counts(data: &std::sync::Arc<dyn Dataset>) -> Result<Vec<usize>> {
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

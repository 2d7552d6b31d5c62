//! Data of a command, from its flags or from a run's record.

use std::path::{Path, PathBuf};

use clap::Args;
use kindling::data::{Limits, OpenOptions, Shapes, SplitRecord, Splits, TableOptions, TableSchema, catalog, open};
use kindling::train::TrainSpec;
use kindling::{Error, Result};
use serde_json::{Map, Value, json};

/// Flags for data and its limits.
#[derive(Args)]
pub struct DataArgs {
    /// Folder, .tar.gz, .zip, .npz or .csv; or "shapes", which is generated. [default: data]
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Train on the first TRAIN_LIMIT samples.
    #[arg(long)]
    train_limit: Option<usize>,
    /// Test on the first TEST_LIMIT samples.
    #[arg(long)]
    test_limit: Option<usize>,
    /// Refuse images that cannot be read, instead of skipping them.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    table: TableArgs,
}

/// Default numbers of training and test samples of `shapes`.
const SHAPES: [usize; 2] = [10_000, 2_000];

/// Default path of data.
const DEFAULT_PATH: &str = "data";

impl DataArgs {
    /// Returns the path. A run's settings are text, so it must be UTF-8.
    fn text(&self) -> Result<Option<&str>> {
        let Some(path) = &self.data else { return Ok(None) };
        let text = path.to_str().ok_or_else(|| {
            Error::file(path.to_string_lossy(), "the path is no UTF-8, which a run's settings must be: rename it")
        })?;
        Ok(Some(text))
    }

    /// Writes the flags into the settings of a run.
    pub fn apply(&self, settings: &mut Map<String, Value>) -> Result<()> {
        let data = settings.entry("data").or_insert_with(|| json!({}));
        let Value::Object(data) = data else { return Ok(()) };
        if let Some(path) = self.text()? {
            if path == catalog::SHAPES.name {
                data.remove("path");
                data.insert("name".into(), json!(path));
            } else {
                if data.get("name").is_some_and(|name| name == catalog::SHAPES.name) {
                    data.remove("name");
                }
                data.insert("path".into(), json!(path));
            }
        }
        for (key, limit) in [("train_limit", self.train_limit), ("test_limit", self.test_limit)] {
            if let Some(limit) = limit {
                data.insert(key.into(), json!(limit));
            }
        }
        self.table.apply(data);
        Ok(())
    }

    /// Opens the data of the flags, else of a run, with the run's split. The limits of the run
    /// apply to its own data, unless flags give others. Tables must match the schema of the
    /// model's.
    pub fn open_recorded(
        &self,
        run: &TrainSpec,
        split: Option<&SplitRecord>,
        model: Option<&TableSchema>,
    ) -> Result<Splits> {
        let is_same = self.is_of(run);
        let of_run = |limit: Option<usize>| limit.filter(|_| is_same);
        let limits =
            Limits { train: of_run(run.data.train_limit), test: self.test_limit.or(of_run(run.data.test_limit)) };
        let table = TableOptions { model: model.cloned(), ..self.table.options()? };
        let options = OpenOptions { limits, seed: run.seed, strict: self.strict, table, ..OpenOptions::default() };
        self.open(run, split.map_or(options.clone(), |split| options.repeating(split)))
    }

    /// Opens all of the data for testing; not for data with its own splits.
    pub fn open_whole(&self, run: &TrainSpec, model: Option<&TableSchema>) -> Result<Splits> {
        let limits = Limits { train: None, test: self.test_limit };
        let table = TableOptions { model: model.cloned(), ..self.table.options()? };
        self.open(run, OpenOptions { limits, test_share: 1.0, strict: self.strict, table, ..OpenOptions::default() })
    }

    fn open(&self, run: &TrainSpec, options: OpenOptions) -> Result<Splits> {
        match self.text()? {
            Some(path) => open_data(Some(path).filter(|path| *path == catalog::SHAPES.name), Some(path), options),
            None => open_data(Some(&run.data.name), run.data.path.as_deref(), options),
        }
    }

    /// Returns the path of the flags, else of a run's data.
    pub fn path(&self, run: &TrainSpec) -> Option<PathBuf> {
        self.data.clone().or_else(|| run.data.path.as_ref().map(PathBuf::from))
    }

    /// Returns `true` if the flags name the path of a run's data, or none.
    pub fn is_of(&self, run: &TrainSpec) -> bool {
        let Some(given) = &self.data else { return true };
        let recorded = match &run.data.path {
            Some(path) => Path::new(path),
            None if run.data.name == catalog::SHAPES.name => Path::new(catalog::SHAPES.name),
            None => Path::new(DEFAULT_PATH),
        };
        let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        given == recorded || absolute(given) == absolute(recorded)
    }

    /// Returns the limit of training samples.
    pub fn train_limit(&self) -> Option<usize> {
        self.train_limit
    }

    /// Returns the limit of test samples.
    pub fn test_limit(&self) -> Option<usize> {
        self.test_limit
    }

    /// Returns `true` if images that cannot be read are refused.
    pub fn is_strict(&self) -> bool {
        self.strict
    }
}

/// Opens the data of a run.
pub fn open_data(name: Option<&str>, path: Option<&str>, options: OpenOptions) -> Result<Splits> {
    let limits = options.limits;
    let data = if name == Some(catalog::SHAPES.name) {
        Shapes::splits(limits.train.unwrap_or(SHAPES[0]), limits.test.unwrap_or(SHAPES[1]))?
    } else {
        open(Path::new(path.unwrap_or(DEFAULT_PATH)), &options).map_err(with_advice)?
    };
    check_table(&data, &options.table)?;
    Ok(data)
}

/// Adds a remedy to an error about missing data.
pub fn with_advice(error: Error) -> Error {
    match error {
        Error::File { file, problem } if problem.starts_with("cannot be opened") || problem.contains("no data set") => {
            let sets: Vec<&str> = catalog::official().map(|(set, _)| set.name).collect();
            let advice =
                format!("`kindling data fetch NAME` downloads {}, and --data shapes needs no file", sets.join(", "));
            Error::file(file, format!("{problem}; {advice}"))
        }
        other => other,
    }
}

/// Flags of a table's label.
#[derive(Args)]
pub struct TableArgs {
    /// Label column of a table: its name, or its number from 1, or from -1 for the last.
    /// [default: found by its name and its values]
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    label: Option<String>,
    /// Task that a table's label sets: classes or a quantity. [default: found by its values]
    #[arg(long, value_name = "TASK", value_parser = ["classification", "regression"])]
    task: Option<String>,
}

impl TableArgs {
    /// Writes the flags into the data settings of a run.
    pub fn apply(&self, data: &mut Map<String, Value>) {
        for (key, value) in [("label", &self.label), ("task", &self.task)] {
            if let Some(value) = value {
                data.insert(key.into(), json!(value));
            }
        }
    }

    /// Returns the options for reading tables from the flags.
    ///
    /// # Errors
    /// None for parsed flags.
    pub fn options(&self) -> Result<TableOptions> {
        let mut data = Map::new();
        self.apply(&mut data);
        table_options(Some(&Value::Object(data)))
    }
}

/// Returns the options for reading tables from a run's data settings.
///
/// # Errors
/// The `task` is unknown.
pub fn table_options(data: Option<&Value>) -> Result<TableOptions> {
    let setting = |key: &str| data.and_then(|data| data.get(key)).filter(|value| !value.is_null());
    let label = setting("label").map(|label| label.as_str().map_or_else(|| label.to_string(), str::to_owned));
    let task = setting("task").map(|task| serde_json::from_value(task.clone())).transpose();
    let task = task.map_err(|e| Error::value("settings", format!("data.task: {e}")))?;
    Ok(TableOptions { label, task, model: None })
}

/// Refuses flags for tables with other data.
pub fn check_table(data: &Splits, options: &TableOptions) -> Result<()> {
    if data.train.columns().is_some() || options.label.is_none() && options.task.is_none() {
        return Ok(());
    }
    Err(Error::value("settings", format!("--label and --task are for tables, and {} is none", data.name)))
}

/// Records the detected label and task of a table in a run's settings, with a model for tables: the
/// default one takes images.
pub fn record_table(found: &Splits, settings: &mut Map<String, Value>) {
    let Some(columns) = found.train.columns() else { return };
    if !["model", "preset"].iter().any(|key| settings.contains_key(*key)) {
        settings.insert("preset".into(), json!("mlp"));
    }
    if let Value::Object(data) = settings.entry("data").or_insert_with(|| json!({})) {
        data.insert("label".into(), json!(columns.label));
        data.insert("task".into(), json!(columns.task));
    }
}

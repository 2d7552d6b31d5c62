//! `kindling eval`: evaluates a saved model on a test set.

use std::sync::Arc;

use clap::Args;
use kindling::data::{ConcatDataset, Dataset, Relabeled, SplitMethod, Splits, Subset, TableSchema};
use kindling::format::ModelFile;
use kindling::train::{Evaluation, RunRecord, SplitDigest, TrainSpec, evaluate, load_model, run_record, run_spec};
use kindling::{Error, Result, block_on};
use serde_json::json;

use crate::config::DeviceChoice;
use crate::data_args::DataArgs;
use crate::model::ModelArgs;
use crate::{metrics, output};

/// Evaluate a saved model.
#[derive(Args)]
pub struct Eval {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    data: DataArgs,
    /// Samples to test: a split, or all. By default the run's test split. Of data that the model
    /// was not trained on, its test split, or all if it has none of its own.
    #[arg(long, value_enum)]
    split: Option<SplitChoice>,
    /// Device to run on.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Samples to test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SplitChoice {
    /// Samples to train on.
    Train,
    /// Samples to choose a model by.
    Validation,
    /// Samples to test on.
    Test,
    /// All samples.
    All,
}

impl SplitChoice {
    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::All => "all",
        }
    }
}

/// Evaluates a model.
pub fn run(args: &Eval) -> Result<()> {
    let file = args.model.open()?;
    let (run, record) = (run_spec(&file)?.unwrap_or_default(), run_record(&file)?);
    let (data, split) = choose(args, &run, record.as_ref(), file.info.table_schema(true).as_ref())?;
    let samples = by_the_names_of(&file, args, select(args, &data, split)?)?;
    output::notes(&data.notes);
    let run = run.for_task(samples.task());
    let (device, _) = args.device.open()?;
    let model = load_model(&file, &device)?;
    let normalization = file.info.normalization.clone().unwrap_or_default();
    let scale = file.info.columns.as_ref().and_then(|columns| columns.target_scale).unwrap_or_default();
    let loader = run.test_loader(&samples, &normalization, &device)?.target_scale(scale);
    let bar = output::bar(loader.len() as u64, "batch", args.json).with_prefix("testing");
    let result = block_on(evaluate(&model, &loader, &run.loss, |done, _| bar.set_position(done as u64)))?;
    bar.finish_and_clear();
    report(args, &result, &samples, split)?;
    if !result.loss.is_finite() {
        let problem = format!("gives numbers that are not finite: the loss is {}", result.loss);
        let error = Error::file(args.model.model.display(), problem);
        // Errors of finite outputs may overflow to infinity; NaN means outputs that are not finite.
        if result.loss.is_nan() {
            return Err(error);
        }
        output::warn(error);
    }
    Ok(())
}

/// Opens the data, and chooses the split to test.
fn choose(
    args: &Eval,
    run: &TrainSpec,
    record: Option<&RunRecord>,
    table: Option<&TableSchema>,
) -> Result<(Splits, SplitChoice)> {
    let split = record.and_then(|record| record.data.split.as_ref());
    let mut data = args.data.open_recorded(run, split, table)?;
    let name = args.data.path(run).map_or(data.name, |path| path.display().to_string());
    data.name = name;
    let known = record.map(|record| &record.data.train).filter(|train| !train.digest.is_empty());
    let same_place = args.data.is_of(run);
    let mut same = same_place;
    if let Some(train) = known {
        // A copy of the data is opened without the limits of the run.
        let trained = Subset::first(data.train.clone(), train.samples);
        same = SplitDigest::from_dataset(&trained)? == *train && split.is_none_or(|split| *split == data.split);
        if same {
            data.train = Arc::new(trained);
            data.test = limited(&data.test, args.data.test_limit().or(run.data.test_limit));
        }
    }
    let random = matches!(data.split.method, SplitMethod::Random { .. });
    let choice = match args.split {
        Some(choice) => choice,
        None if same || !random => SplitChoice::Test,
        None if same_place => {
            let was = known.map_or(0, |train| train.samples);
            let rule = format!(
                "{} is not as it was in training (it had {was} training samples, and has {}): what was kept for testing \
                 cannot be told; --split all tests all of it",
                data.name,
                data.train.len()
            );
            return Err(Error::value("eval", rule));
        }
        None => SplitChoice::All,
    };
    if choice == SplitChoice::All && random {
        // The whole data is opened without the limits of the run.
        let whole = args.data.open_whole(run, table)?;
        return Ok((Splits { name: data.name, ..whole }, choice));
    }
    Ok((data, choice))
}

/// Returns the first samples, up to a limit.
fn limited(samples: &Arc<dyn Dataset>, limit: Option<usize>) -> Arc<dyn Dataset> {
    match limit.filter(|limit| *limit < samples.len()) {
        Some(limit) => Arc::new(Subset::first(samples.clone(), limit)),
        None => samples.clone(),
    }
}

/// Returns the samples of a split.
fn select(args: &Eval, data: &Splits, split: SplitChoice) -> Result<Arc<dyn Dataset>> {
    let samples = match split {
        SplitChoice::Train => limited(&data.train, args.data.train_limit()),
        SplitChoice::Test => data.test.clone(),
        SplitChoice::Validation => match &data.validation {
            Some(validation) => validation.clone(),
            None => return Err(Error::value("eval", format!("{} has no validation split", data.name))),
        },
        SplitChoice::All => {
            let rest = data.validation.iter().chain([&data.test]).cloned().collect();
            Arc::new(ConcatDataset::new(data.train.clone(), rest)?)
        }
    };
    if samples.is_empty() {
        let rule = format!("there are no samples to test: the {} split of {} is empty", split.name(), data.name);
        return Err(Error::value("eval", format!("{rule}; --split all tests all of it")));
    }
    Ok(samples)
}

/// Relabels samples by the model's class indices, matching classes by name.
fn by_the_names_of(file: &ModelFile, args: &Eval, samples: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>> {
    let refuse = |problem: String| Err(Error::file(args.model.model.display(), problem));
    if file.info.input != samples.shape() {
        return refuse(format!("takes inputs of {:?}, the data has {:?}", file.info.input, samples.shape()));
    }
    let (known, found) = (&file.info.classes, samples.classes());
    if known == found {
        return Ok(samples);
    }
    if found.iter().any(|class| !known.contains(class)) {
        return refuse(format!("knows the classes {}; the data has {}", list(known), list(found)));
    }
    output::warn(format!("classes are matched by name: the model knows {}, the data has {}", list(known), list(found)));
    Ok(Arc::new(Relabeled::new(samples, known.clone())?))
}

/// Lists the first twenty names, and the number of the others.
fn list(names: &[String]) -> String {
    const MAX_NAMED: usize = 20;
    let named: Vec<String> = names.iter().take(MAX_NAMED).map(|name| format!("{name:?}")).collect();
    match names.len().saturating_sub(MAX_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn report(args: &Eval, result: &Evaluation, samples: &Arc<dyn Dataset>, split: SplitChoice) -> Result<()> {
    let classes = samples.classes();
    if args.json {
        let mut event = json!({ "event": "eval", "split": split.name(), "test": samples.len() });
        if result.regression.is_none() {
            event["classes"] = json!(classes);
            event["class_accuracy"] = json!(result.class_accuracies());
            event["confusion"] = json!(result.confusion);
        }
        return output::object(&metrics::extended(event, metrics::json("test", Some(result))));
    }
    let of_split = match split {
        SplitChoice::Train => "training samples",
        SplitChoice::Validation => "validation samples",
        SplitChoice::Test => "test samples",
        SplitChoice::All => "test samples (all of the data)",
    };
    output::line(format!(
        "{} {of_split}: loss {:.4}{}",
        output::thousands(samples.len()),
        result.loss,
        metrics::text(result)
    ))?;
    if result.regression.is_some() {
        return Ok(());
    }
    print_classes(result, classes)
}

/// Prints the accuracy of each class, and its most frequent wrong prediction.
pub fn print_classes(result: &Evaluation, classes: &[String]) -> Result<()> {
    let width = classes.iter().map(|c| c.chars().count()).max().unwrap_or(0).max(5);
    output::line(format!("{:<width$}  accuracy  most often predicted as", "class"))?;
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

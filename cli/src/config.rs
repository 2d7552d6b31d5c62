//! Settings of a run from three sources: the defaults, a file (`--config`, TOML or JSON), and the
//! flags, each overriding the previous one. Unknown keys are errors.

use std::path::PathBuf;

use clap::Args;
use kindling::data::{Limits, OpenOptions, Splits};
use kindling::optim::Schedule;
use kindling::train::{Keep, Position, TrainSpec};
use kindling::{Error, Result};
use serde_json::{Map, Value, json};

use crate::data_args::{self, DataArgs, open_data};
pub use crate::device::DeviceChoice;
use crate::outputs::Outputs;
use crate::settings::{
    augments, canonicalize, finite, loss_name, merge, model, named, optimizer_name, optimizer_names, read, schedule,
};

/// Flags for the settings of a run.
#[derive(Args)]
pub struct RunArgs {
    /// A TOML or JSON file with any of the settings of a run; flags override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub data: DataArgs,
    /// Preset model: softmax, mlp, intro, cifar-intro, vgg-small, resnet8, resnet20,
    /// resnet20-gn, mobilenet, vit-small.
    #[arg(long, conflicts_with = "model")]
    preset: Option<String>,
    /// File that describes a model: JSON, text with one layer per line, or PyTorch code.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[arg(long, help = format!("Optimizer: {}", optimizer_names()))]
    optimizer: Option<String>,
    /// Learning rate.
    #[arg(long)]
    lr: Option<f64>,
    /// Momentum, for optimizers that have one.
    #[arg(long)]
    momentum: Option<f64>,
    /// Weight decay.
    #[arg(long)]
    weight_decay: Option<f64>,
    /// Learning-rate schedule: a name with arguments, such as cosine, step:step_size=5:gamma=0.1,
    /// or JSON.
    #[arg(long)]
    schedule: Option<String>,
    /// Loss: cross_entropy or mse for classes; mse, l1, smooth_l1 or huber for a quantity, with
    /// arguments such as huber:delta=2. [default: cross_entropy, mse for a quantity]
    #[arg(long)]
    loss: Option<String>,
    /// Maximum norm of the gradients; larger ones are scaled down.
    #[arg(long)]
    clip_grad_norm: Option<f64>,
    /// Number of samples per step.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Number of passes over the training samples.
    #[arg(long)]
    epochs: Option<usize>,
    /// Drop the last batch of an epoch if it is smaller.
    #[arg(long)]
    drop_last: bool,
    /// Epochs from one evaluation to the next; the last epoch is always followed by one. [default:
    /// 5, or 1 with --patience, --keep best or a plateau schedule]
    #[arg(long)]
    evaluate_every: Option<usize>,
    /// Evaluations without a lower loss (of the validation set, else of the test set) before the
    /// run ends.
    #[arg(long)]
    patience: Option<usize>,
    /// Weights that the run ends with: those of the epoch with the lowest loss (of the validation
    /// set, else of the test set), or the last. [default: best with --patience, else last]
    #[arg(long, value_enum)]
    keep: Option<KeepChoice>,
    /// Augmentation of training images, in order: crop, flip, vflip, jitter, affine, erasing, with
    /// arguments such as crop:padding=4 or affine:translate=[0.1,0.2], or JSON; several are
    /// separated by commas.
    #[arg(long)]
    augment: Vec<String>,
    /// Seed of all random numbers.
    #[arg(long)]
    seed: Option<u64>,
}

/// Values of `--keep`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum KeepChoice {
    /// Weights of the best epoch.
    Best,
    /// Weights after the last step.
    Last,
}

impl From<KeepChoice> for Keep {
    fn from(choice: KeepChoice) -> Self {
        match choice {
            KeepChoice::Best => Self::Best,
            KeepChoice::Last => Self::Last,
        }
    }
}

impl RunArgs {
    /// Returns the files that a run reads, including its data.
    pub fn inputs(&self, data: Option<PathBuf>) -> Outputs {
        Outputs::default()
            .reads("--config", self.config.as_deref())
            .reads("--model", self.model.as_deref())
            .reads("--data", data.as_deref())
    }

    /// Returns the settings, as far as known without the data. `base` has the settings and the
    /// position of the run to resume.
    pub fn spec(&self, base: Option<(&TrainSpec, Position)>) -> Result<Draft> {
        finite(&[
            ("--lr", self.lr),
            ("--momentum", self.momentum),
            ("--weight-decay", self.weight_decay),
            ("--clip-grad-norm", self.clip_grad_norm),
        ])?;
        let mut settings = match base {
            Some((spec, _)) => {
                serde_json::to_value(spec).map_err(|e| Error::internal(format!("a run's settings: {e}")))?
            }
            None => json!({}),
        };
        if let Some(path) = &self.config {
            let mut file = read(path)?;
            if !file.is_object() {
                return Err(Error::file(path.display(), "is no table of settings"));
            }
            canonicalize(&mut file);
            // The file is parsed alone first, so that errors name it.
            serde_json::from_value::<TrainSpec>(file.clone()).map_err(|e| Error::file(path.display(), e))?;
            merge(&mut settings, file);
        }
        let Value::Object(settings) = &mut settings else {
            return Err(Error::internal("settings are no object"));
        };
        self.data.apply(settings)?;
        if let Some(path) = &self.model {
            settings.remove("preset");
            settings.insert("model".into(), model(path)?);
        }
        if let Some(preset) = &self.preset {
            settings.remove("model");
            settings.insert("preset".into(), json!(preset));
        }
        if let Some(text) = &self.optimizer {
            merge_named(settings, "optimizer", text, optimizer_name)?;
        }
        if let Some(text) = &self.loss {
            merge_named(settings, "loss", text, loss_name)?;
        }
        let optimizer = [("lr", self.lr), ("momentum", self.momentum), ("weight_decay", self.weight_decay)];
        for (key, value) in optimizer.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            let named = settings.entry("optimizer").or_insert_with(|| json!({ "name": "Adam" }));
            if let Value::Object(named) = named {
                named.insert(key.into(), json!(value));
            }
        }
        let plain = [
            ("clip_grad_norm", self.clip_grad_norm.map(|x| json!(x))),
            ("batch_size", self.batch_size.map(|x| json!(x))),
            ("epochs", self.epochs.map(|x| json!(x))),
            ("evaluate_every", self.evaluate_every.map(|x| json!(x))),
            ("drop_last", self.drop_last.then_some(json!(true))),
            ("keep", self.keep.map(|x| json!(Keep::from(x)))),
            ("seed", self.seed.map(|x| json!(x))),
        ];
        for (key, value) in plain.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            settings.insert(key.into(), value);
        }
        if let Some(patience) = self.patience {
            let stopping = settings.entry("early_stopping").or_insert_with(|| json!({}));
            merge(stopping, json!({ "patience": patience }));
        }
        let text_model = self.model.as_ref().is_some_and(|path| path.extension().is_none_or(|e| e != "json"));
        Ok(Draft {
            settings: settings.clone(),
            augment: self.augment.clone(),
            schedule: self.schedule.clone(),
            lr: self.lr,
            text_model,
            strict: self.data.is_strict(),
            resumed: base.map(|(spec, position)| (spec.clone(), position)),
        })
    }
}

/// Merges a flag's optimizer or loss into the settings; arguments of the same one are kept.
fn merge_named(settings: &mut Map<String, Value>, key: &str, text: &str, canonical: fn(&str) -> String) -> Result<()> {
    let mut over = named(text)?;
    if let Some(Value::String(name)) = over.get_mut("name") {
        *name = canonical(name);
    }
    let under = settings.entry(key).or_insert_with(|| json!({}));
    merge(under, Value::Object(over));
    Ok(())
}

/// Settings, before the data is known.
pub struct Draft {
    settings: Map<String, Value>,
    augment: Vec<String>,
    schedule: Option<String>,
    /// Learning rate of the flag.
    lr: Option<f64>,
    /// `true` if the model was given as text, without its input shape.
    text_model: bool,
    /// Settings and position of the checkpoint, if the run is resumed.
    resumed: Option<(TrainSpec, Position)>,
    /// `true` if images that cannot be read are refused instead of skipped.
    strict: bool,
}

impl Draft {
    /// Completes the settings for this data.
    pub fn finish(mut self, found: &Splits) -> Result<TrainSpec> {
        let shape = found.train.shape();
        if let Value::Object(data) = self.settings.entry("data").or_insert_with(|| json!({})) {
            data.insert("name".into(), json!(found.kind));
        }
        data_args::record_table(found, &mut self.settings);
        let chooses_loss = self.settings.contains_key("loss");
        if let (true, Some(Value::Object(model))) = (self.text_model, self.settings.get_mut("model")) {
            model.insert("input".into(), json!(shape));
        }
        if !self.augment.is_empty() {
            self.settings.insert("augment".into(), augments(&self.augment, shape)?);
        }
        let (schedule, lr) = (self.schedule.take(), self.lr);
        let resumed = self.resumed.take();
        let known = self.settings.contains_key("evaluate_every");
        let mut spec: TrainSpec = serde_json::from_value(Value::Object(self.settings))
            .map_err(|e| Error::value("settings", format!("{e}; see `kindling train --help`")))?;
        if let Some(text) = schedule {
            spec.schedule = Some(planned(&text, &spec, resumed.as_ref(), found.train.len())?);
        }
        if let (Some(lr), Some(Schedule::OneCycle(cycle))) = (lr, &spec.schedule)
            && lr != cycle.max_lr
        {
            let rule = format!("--lr {lr} has no effect: OneCycleLR sets the rate, up to max_lr = {}", cycle.max_lr);
            return Err(Error::value("settings", format!("{rule}; give --schedule one_cycle:max_lr={lr}")));
        }
        // Early stopping, plateau schedules and `best` need an evaluation after every epoch.
        let plateau = matches!(spec.schedule, Some(Schedule::Plateau(_)));
        let waits = plateau || spec.early_stopping.is_some() || spec.final_weights() == Keep::Best;
        if waits && !known {
            spec.evaluate_every = 1;
        }
        if !chooses_loss {
            spec = spec.for_task(found.train.task());
        }
        spec.check()?;
        Ok(spec)
    }

    /// Returns the file or folder of the data; `None` for generated data.
    pub fn data_path(&self) -> Option<PathBuf> {
        let text = |key: &str| self.settings.get("data").and_then(|d| d.get(key)).and_then(Value::as_str);
        (text("name") != Some("shapes")).then(|| PathBuf::from(text("path").unwrap_or("data")))
    }

    /// Opens the data of the settings.
    pub fn open_data(&self) -> Result<Splits> {
        let data = self.settings.get("data");
        let text = |key: &str| data.and_then(|d| d.get(key)).and_then(Value::as_str);
        let number = |key: &str| data.and_then(|d| d.get(key)).and_then(Value::as_u64).map(|n| n as usize);
        let seed = self.settings.get("seed").and_then(Value::as_u64).unwrap_or(0);
        let limits = Limits { train: number("train_limit"), test: number("test_limit") };
        let table = data_args::table_options(data)?;
        let options = OpenOptions { limits, seed, strict: self.strict, table, ..OpenOptions::default() };
        open_data(text("name"), text("path"), options)
    }
}

/// Returns the schedule of a flag, planned over the run. A resumed run continues its schedule if
/// the flag has the same one; another is planned over the remaining epochs.
fn planned(text: &str, spec: &TrainSpec, resumed: Option<&(TrainSpec, Position)>, samples: usize) -> Result<Schedule> {
    let batches = match spec.drop_last {
        true => samples / spec.batch_size.max(1),
        false => samples.div_ceil(spec.batch_size.max(1)),
    };
    let steps = |epochs: usize| match spec.schedule_by_epoch {
        true => epochs as u64,
        false => (epochs as u64).saturating_mul(batches as u64),
    };
    let plan = |steps: u64| -> Result<Schedule> {
        serde_json::from_value(schedule(text, steps, spec.optimizer.lr())?)
            .map_err(|e| Error::value("settings", format!("--schedule {text}: {e}")))
    };
    let whole = plan(steps(spec.epochs))?;
    match resumed {
        Some((before, position)) if before.schedule.as_ref() != Some(&whole) => {
            let left = spec.epochs.saturating_sub(position.epoch).max(1);
            plan(steps(left).saturating_sub(if spec.schedule_by_epoch { 0 } else { position.batch as u64 }))
        }
        _ => Ok(whole),
    }
}

//! What a run is, from three places: the defaults, a file (`--config`, TOML or JSON), and the flags, each overriding
//! the one before. Unknown keys are errors.

use std::path::{Path, PathBuf};

use clap::Args;
use kindling::data::{Limits, OpenOptions, Shapes, Splits, open};
use kindling::format::files;
use kindling::ops::tune_as_needed;
use kindling::train::{ModelSpec, TrainSpec};
use kindling::{Device, Error, Result, block_on, device::AdapterKind};
use serde_json::{Map, Value, json};

use crate::outputs::Outputs;

/// What to train on, which model, how, and for how long.
#[derive(Args)]
pub struct RunArgs {
    /// A TOML or JSON file with any of the settings of a run; flags override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub data: DataArgs,
    /// A model to begin with: softmax, mlp, intro, cifar-intro, vgg-small, resnet8, resnet20, vit-small.
    #[arg(long, conflicts_with = "model")]
    preset: Option<String>,
    /// A file that describes a model: JSON, or text with a layer a line as in PyTorch.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// sgd, adam, adamw, rmsprop, adagrad, adadelta, adamax, nadam, radam or muon.
    #[arg(long)]
    optimizer: Option<String>,
    /// The learning rate.
    #[arg(long)]
    lr: Option<f64>,
    /// The momentum, for optimizers that have one.
    #[arg(long)]
    momentum: Option<f64>,
    /// The weight decay.
    #[arg(long)]
    weight_decay: Option<f64>,
    /// How the learning rate changes: a name with arguments, such as cosine, step:step_size=5:gamma=0.1, or JSON.
    #[arg(long)]
    schedule: Option<String>,
    /// What is compared: cross_entropy or mse.
    #[arg(long)]
    loss: Option<String>,
    /// The norm beyond which gradients are made smaller.
    #[arg(long)]
    clip_grad_norm: Option<f64>,
    /// Samples a step.
    #[arg(long)]
    batch_size: Option<usize>,
    /// Times that all samples are seen.
    #[arg(long)]
    epochs: Option<usize>,
    /// Epochs from one evaluation to the next; the last epoch is always followed by one.
    #[arg(long)]
    evaluate_every: Option<usize>,
    /// Evaluations without a lower test loss before the run ends.
    #[arg(long)]
    patience: Option<usize>,
    /// What is done to pictures at random, in order: crop, flip, vflip, jitter, affine, erasing, with arguments such as
    /// crop:padding=4; several are separated by commas.
    #[arg(long, value_delimiter = ',')]
    augment: Vec<String>,
    /// What all randomness begins with.
    #[arg(long)]
    seed: Option<u64>,
}

/// Which data, and how much of it.
#[derive(Args)]
pub struct DataArgs {
    /// A folder, .tar.gz, .zip or .csv; or "shapes", which needs none. [default: data]
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Train on the first so many samples.
    #[arg(long)]
    train_limit: Option<usize>,
    /// Test on the first so many samples.
    #[arg(long)]
    test_limit: Option<usize>,
}

/// Pictures that `shapes` has unless limits say otherwise.
const SHAPES: [usize; 2] = [10_000, 2_000];

impl RunArgs {
    /// The files that a run reads, and the data that its settings name.
    pub fn inputs(&self, data: Option<PathBuf>) -> Outputs {
        Outputs::default()
            .reads("--config", self.config.as_deref())
            .reads("--model", self.model.as_deref())
            .reads("--data", data.as_deref())
    }

    /// The settings, as far as they can be known without the data. `base` is what a run that is resumed was.
    pub fn spec(&self, base: Option<&TrainSpec>) -> Result<Draft> {
        let mut settings = match base {
            Some(spec) => serde_json::to_value(spec).map_err(|e| Error::internal(format!("a run's settings: {e}")))?,
            None => json!({}),
        };
        if let Some(path) = &self.config {
            let Value::Object(file) = read(path)? else {
                return Err(Error::file(path.display(), "is no table of settings"));
            };
            // A file by itself must be right, so that an error names it.
            serde_json::from_value::<TrainSpec>(Value::Object(file.clone()))
                .map_err(|e| Error::file(path.display(), e))?;
            merge(&mut settings, Value::Object(file));
        }
        let Value::Object(settings) = &mut settings else {
            return Err(Error::internal("settings are no object"));
        };
        self.data.apply(settings);
        if let Some(path) = &self.model {
            settings.remove("preset");
            settings.insert("model".into(), model(path)?);
        }
        if let Some(preset) = &self.preset {
            settings.remove("model");
            settings.insert("preset".into(), json!(preset));
        }
        if let Some(name) = &self.optimizer {
            let same = settings.get("optimizer").and_then(|o| o.get("name")).is_some_and(|n| n == name.as_str());
            if !same {
                settings.insert("optimizer".into(), json!({ "name": name }));
            }
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
            ("early_stopping", self.patience.map(|x| json!({ "patience": x }))),
            ("loss", self.loss.as_ref().map(|x| json!({ "name": x }))),
            ("seed", self.seed.map(|x| json!(x))),
        ];
        for (key, value) in plain.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            settings.insert(key.into(), value);
        }
        let rate = settings.get("optimizer").and_then(|o| o.get("lr")).cloned().unwrap_or(json!(0.001));
        let epochs = settings.get("epochs").cloned().unwrap_or_else(|| json!(TrainSpec::default().epochs));
        if let Some(text) = &self.schedule {
            settings.insert("schedule".into(), schedule(text, epochs, rate)?);
        }
        let text_model = self.model.as_ref().is_some_and(|path| path.extension().is_none_or(|e| e != "json"));
        Ok(Draft { settings: settings.clone(), augment: self.augment.clone(), text_model })
    }
}

/// Settings that lack what only the data can say.
pub struct Draft {
    settings: Map<String, Value>,
    augment: Vec<String>,
    /// The model was given as text, which does not say what it takes.
    text_model: bool,
}

impl Draft {
    /// The settings, for this data.
    pub fn finish(mut self, found: &Splits) -> Result<TrainSpec> {
        let shape = found.train.shape();
        if let Value::Object(data) = self.settings.entry("data").or_insert_with(|| json!({})) {
            data.insert("name".into(), json!(found.kind));
        }
        if let (true, Some(Value::Object(model))) = (self.text_model, self.settings.get_mut("model")) {
            model.insert("input".into(), json!(shape));
        }
        if !self.augment.is_empty() {
            let list = self.augment.iter().map(|text| augment(text, shape)).collect::<Result<Vec<Value>>>()?;
            self.settings.insert("augment".into(), Value::Array(list));
        }
        let spec: TrainSpec = serde_json::from_value(Value::Object(self.settings))
            .map_err(|e| Error::value("settings", format!("{e}; see `kindling train --help`")))?;
        spec.check()?;
        Ok(spec)
    }

    /// The file or folder of the data; nothing for data that needs none.
    pub fn data_path(&self) -> Option<PathBuf> {
        let text = |key: &str| self.settings.get("data").and_then(|d| d.get(key)).and_then(Value::as_str);
        (text("name") != Some("shapes")).then(|| PathBuf::from(text("path").unwrap_or("data")))
    }

    /// The data that the settings name.
    pub fn open_data(&self) -> Result<Splits> {
        let data = self.settings.get("data");
        let text = |key: &str| data.and_then(|d| d.get(key)).and_then(Value::as_str);
        let number = |key: &str| data.and_then(|d| d.get(key)).and_then(Value::as_u64).map(|n| n as usize);
        let seed = self.settings.get("seed").and_then(Value::as_u64).unwrap_or(0);
        let limits = Limits { train: number("train_limit"), test: number("test_limit") };
        open_data(text("name"), text("path"), limits, seed)
    }
}

impl DataArgs {
    fn apply(&self, settings: &mut Map<String, Value>) {
        let data = settings.entry("data").or_insert_with(|| json!({}));
        let Value::Object(data) = data else { return };
        if let Some(path) = &self.data {
            if path == Path::new("shapes") {
                data.remove("path");
                data.insert("name".into(), json!("shapes"));
            } else {
                if data.get("name").is_some_and(|name| name == "shapes") {
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
    }

    /// The data that the flags name.
    pub fn open(&self) -> Result<Splits> {
        let path = self.data.as_ref().map(|path| path.to_string_lossy());
        let name = path.as_deref().filter(|path| *path == "shapes");
        let limits = Limits { train: self.train_limit, test: self.test_limit };
        open_data(name, path.as_deref(), limits, 0)
    }
}

fn open_data(name: Option<&str>, path: Option<&str>, limits: Limits, seed: u64) -> Result<Splits> {
    if name == Some("shapes") {
        return Shapes::splits(limits.train.unwrap_or(SHAPES[0]), limits.test.unwrap_or(SHAPES[1]));
    }
    open(Path::new(path.unwrap_or("data")), &OpenOptions { limits, seed, ..OpenOptions::default() })
}

/// Settings of a file.
fn read(path: &Path) -> Result<Value> {
    let bytes = files::read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::file(path.display(), "is no text"))?;
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => serde_json::from_str(text).map_err(|e| Error::file(path.display(), e)),
        Some("toml") => toml::from_str(text).map_err(|e| Error::file(path.display(), e)),
        _ => Err(Error::file(path.display(), "must end in .toml or .json")),
    }
}

/// A model's description as JSON, whether it was JSON or text. Text takes its input from the data later.
fn model(path: &Path) -> Result<Value> {
    let bytes = files::read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::file(path.display(), "is no text"))?;
    let named = |e: Error| Error::file(path.display(), e);
    let spec = match path.extension().and_then(|e| e.to_str()) {
        Some("json") => ModelSpec::from_json(text).map_err(named)?,
        _ => {
            let name = path.file_stem().map_or_else(|| "model".into(), |n| n.to_string_lossy());
            ModelSpec::from_text(&name, &[1], text).map_err(named)?
        }
    };
    serde_json::to_value(spec).map_err(|e| Error::file(path.display(), e))
}

/// Puts `over` on top of `under`, key by key. What has a name (an optimizer, a schedule) is replaced as a whole where
/// the name is another.
fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over))
            if over.get("name").is_none_or(|n| under.get("name") == Some(n)) =>
        {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// `name:key=value:key=value` or JSON, as an object with a `name`.
fn named(text: &str) -> Result<Map<String, Value>> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|e| Error::value("settings", format!("{text:?}: {e}")));
    }
    let mut parts = text.split(':');
    let mut object = Map::new();
    object.insert("name".into(), json!(parts.next().unwrap_or_default()));
    for part in parts {
        let Some((key, value)) = part.split_once('=') else {
            return Err(Error::value("settings", format!("{text:?}: expected key=value, found {part:?}")));
        };
        object.insert(key.into(), serde_json::from_str(value).unwrap_or_else(|_| json!(value)));
    }
    Ok(object)
}

fn schedule(text: &str, epochs: Value, rate: Value) -> Result<Value> {
    let mut object = named(text)?;
    let defaults = match object.get("name").and_then(Value::as_str) {
        Some("cosine" | "CosineAnnealingLR") => vec![("T_max", epochs)],
        Some("one_cycle" | "OneCycleLR") => vec![("total_steps", epochs), ("max_lr", rate)],
        _ => Vec::new(),
    };
    for (key, value) in defaults {
        object.entry(key).or_insert(value);
    }
    Ok(Value::Object(object))
}

fn augment(text: &str, shape: &[usize]) -> Result<Value> {
    let mut object = named(text)?;
    let name = object.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let side = shape.last().copied().unwrap_or(0);
    let (name, defaults) = match name.as_str() {
        "crop" => ("RandomCrop", vec![("size", json!(side)), ("padding", json!(4))]),
        "flip" => ("RandomHorizontalFlip", Vec::new()),
        "vflip" => ("RandomVerticalFlip", Vec::new()),
        "jitter" => {
            let part = json!(0.2);
            ("ColorJitter", vec![("brightness", part.clone()), ("contrast", part.clone()), ("saturation", part)])
        }
        "affine" => ("RandomAffine", vec![("degrees", json!(15.0)), ("translate", json!([0.1, 0.1]))]),
        "erasing" => ("RandomErasing", Vec::new()),
        other => (other, Vec::new()),
    };
    object.insert("name".into(), json!(name));
    for (key, value) in defaults {
        object.entry(key).or_insert(value);
    }
    Ok(Value::Object(object))
}

/// Where to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceChoice {
    /// A hardware GPU if there is one, else the CPU.
    Auto,
    /// The processor.
    Cpu,
    /// The GPU that the system prefers, a software one too.
    Gpu,
}

/// Milliseconds for measuring kernels, the first time that an adapter gets products of new sizes.
const MEASURING: f64 = 1000.0;

impl DeviceChoice {
    /// Opens the device; what it is called.
    pub fn open(self) -> Result<(Device, String)> {
        let device = match self {
            Self::Auto => block_on(Device::best()),
            Self::Cpu => Device::cpu(),
            Self::Gpu => block_on(Device::gpu())?,
        };
        tune_as_needed(&device, MEASURING)?;
        let name = match &device {
            Device::Cpu(_) => "cpu".to_owned(),
            Device::Gpu(gpu) if gpu.kind() == AdapterKind::Software => {
                format!("{} through {} (software)", gpu.name(), gpu.backend())
            }
            Device::Gpu(gpu) => format!("{} through {}", gpu.name(), gpu.backend()),
        };
        Ok((device, name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{augment, merge, named, schedule};

    #[test]
    fn short_words_become_settings() {
        assert_eq!(
            json!(named("step:step_size=5:gamma=0.1").unwrap()),
            json!({ "name": "step", "step_size": 5, "gamma": 0.1 })
        );
        assert_eq!(named("{\"name\": \"x\"}").unwrap()["name"], "x");
        assert!(named("step:5").unwrap_err().to_string().contains("key=value"));
        assert_eq!(schedule("cosine", json!(7), json!(0.1)).unwrap(), json!({ "name": "cosine", "T_max": 7 }));
        let crop = json!({ "name": "RandomCrop", "size": 28, "padding": 2 });
        assert_eq!(augment("crop:padding=2", &[1, 28, 28]).unwrap(), crop);
    }

    #[test]
    fn later_settings_override_earlier_ones() {
        let mut settings = json!({ "epochs": 3, "optimizer": { "name": "SGD", "lr": 0.1, "momentum": 0.9 } });
        merge(&mut settings, json!({ "optimizer": { "name": "SGD", "lr": 0.2 }, "seed": 1 }));
        assert_eq!(settings["optimizer"], json!({ "name": "SGD", "lr": 0.2, "momentum": 0.9 }));
        merge(&mut settings, json!({ "optimizer": { "name": "Adam" } }));
        assert_eq!(settings, json!({ "epochs": 3, "seed": 1, "optimizer": { "name": "Adam" } }));
    }
}

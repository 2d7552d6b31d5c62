//! The user's settings as one value: stored in this browser as they change, and encoded in a share
//! link.

use crate::protocol::{DataKind, DataSource, DeviceChoice};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kindling::optim::{AdamOptions, OptimizerSpec};
use kindling::train::model::preset;
use kindling::train::{DataSpec, ModelSpec, TrainSpec};
use serde::{Deserialize, Serialize};

/// Preset of the first visit.
pub const FIRST_PRESET: &str = "cifar-intro";

/// Data choice, model, settings of training, device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Source of the data.
    pub source: DataSource,
    /// Settings of training; its model is written out, unless it is an unchanged preset.
    pub spec: TrainSpec,
    /// Device of new runs.
    #[serde(default)]
    pub device: DeviceChoice,
}

impl Default for Settings {
    fn default() -> Self {
        let spec = TrainSpec {
            preset: Some(FIRST_PRESET.into()),
            data: DataSpec { name: DataKind::Shapes.name().into(), ..DataSpec::default() },
            optimizer: OptimizerSpec::Adam(AdamOptions::default()),
            batch_size: 32,
            epochs: 10,
            evaluate_every: 1,
            ..TrainSpec::default()
        };
        Self { source: shapes(), spec, device: DeviceChoice::Best }
    }
}

/// Returns the data source that needs no network.
pub fn shapes() -> DataSource {
    DataSource::new(DataKind::Shapes)
}

impl Settings {
    /// Returns the model. A preset is built for three channels of 32×32 and ten classes.
    pub fn model(&self) -> ModelSpec {
        let named = || preset(self.spec.preset.as_deref().unwrap_or(FIRST_PRESET), &[3, 32, 32], 10).ok();
        let empty = || ModelSpec { name: "empty".into(), input: vec![3, 32, 32], layers: Vec::new() };
        self.spec.model.clone().or_else(named).unwrap_or_else(empty)
    }

    /// Returns the settings for another browser, without the user's files.
    pub fn to_share(&self) -> Self {
        let mut shared = self.clone();
        if matches!(shared.source.kind, DataKind::Files(_)) {
            shared.source = shapes();
        }
        shared.spec.data.path = None;
        if let Some(model) = &shared.spec.model
            && preset(&model.name, &model.input, 10).is_ok_and(|preset| preset == *model)
            && model.input == [3, 32, 32]
        {
            shared.spec.preset = Some(model.name.clone());
            shared.spec.model = None;
        }
        shared
    }

    /// Encodes the settings for a link's hash: JSON in base64url.
    pub fn to_hash(&self) -> Option<String> {
        kindling::json::write(&self.to_share()).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
    }

    /// Decodes the settings of a link's hash.
    ///
    /// # Errors
    /// The hash is damaged, or of another version of the page.
    pub fn from_hash(hash: &str) -> Result<Self, String> {
        let bytes = URL_SAFE_NO_PAD.decode(hash).map_err(|error| format!("the link is damaged: {error}"))?;
        let settings: Self = kindling::json::read(&String::from_utf8_lossy(&bytes))
            .map_err(|error| format!("the link is damaged or of another version: {error}"))?;
        settings.spec.optimizer.check().map_err(|error| error.to_string())?;
        Ok(settings)
    }
}

/// Returns an optimizer's initial settings on the page: PyTorch's defaults, except for SGD, which
/// hardly learns with them: it starts as in PyTorch's CIFAR-10 tutorials.
///
/// # Errors
/// There is no optimizer of this name.
pub fn starting_optimizer(name: &str) -> kindling::Result<OptimizerSpec> {
    let mut attributes = serde_json::Map::new();
    if name == "SGD" {
        attributes.insert("lr".into(), 0.01.into());
        attributes.insert("momentum".into(), 0.9.into());
    }
    OptimizerSpec::from_attrs(name, &attributes)
}

/// Returns the differences of two specifications: name and both values, such as `optimizer.lr`,
/// `0.01`, `0.1`.
pub fn differences(one: &TrainSpec, other: &TrainSpec) -> Vec<(String, String, String)> {
    let (one, other) = (flat(one), flat(other));
    let mut names: Vec<String> = one.iter().chain(&other).map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |of: &[(String, String)], name: &str| {
        of.iter().find(|(known, _)| known == name).map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
    };
    names
        .into_iter()
        .map(|name| {
            let (one, other) = (value(&one, &name), value(&other, &name));
            (name, one, other)
        })
        .filter(|(_, a, b)| a != b)
        .collect()
}

/// Formats differences for the page: `optimizer: Adam → SGD`, `lr: 0.001 → 0.01`, `model`.
pub fn summary(differences: &[(String, String, String)]) -> Vec<String> {
    let other_optimizer = differences.iter().any(|(name, ..)| name == "optimizer.name");
    let mut text: Vec<String> = Vec::new();
    for (name, before, after) in differences {
        let word = match name.as_str() {
            "model" | "layers" => "model".to_owned(),
            "optimizer.name" => format!("optimizer: {before} → {after}"),
            // Another optimizer has other hyper-parameters.
            name if other_optimizer && name.starts_with("optimizer.") => continue,
            name => {
                let last = name.rsplit('.').next().unwrap_or(name).replace('_', " ");
                format!("{last}: {before} → {after}")
            }
        };
        if !text.contains(&word) {
            text.push(word);
        }
    }
    text
}

/// Returns a specification as names and values; the model as its text.
pub fn flat(spec: &TrainSpec) -> Vec<(String, String)> {
    let mut spec = spec.clone();
    let mut all = Vec::new();
    if let Some(model) = spec.model.take() {
        all.push(("model".to_owned(), model.name.clone()));
        all.push(("layers".to_owned(), model.to_text()));
    }
    if let Ok(value) = kindling::json::to_value(&spec) {
        flatten("", &value, &mut all);
    }
    all
}

fn flatten(name: &str, value: &serde_json::Value, all: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let full = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&full, value, all);
            }
        }
        serde_json::Value::String(text) => all.push((name.to_owned(), text.clone())),
        other => all.push((name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_encodes_all_settings() {
        let mut settings = Settings::default();
        let mut model = settings.model();
        assert_eq!(model.summary().parameters, 62_006);
        settings.spec.preset = None;
        model.layers.remove(1);
        settings.spec.model = Some(model);
        settings.spec.seed = 7;
        let hash = settings.to_hash().expect("plain data");
        assert!(hash.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
        assert_eq!(Settings::from_hash(&hash), Ok(settings));
        assert!(Settings::from_hash("???").is_err());
        assert!(Settings::from_hash("e30").is_err());
    }

    #[test]
    fn a_link_names_an_unchanged_preset_and_omits_files() {
        let mut settings = Settings::default();
        settings.spec.model = Some(settings.model());
        settings.spec.preset = None;
        settings.source.kind = DataKind::Files(vec!["mine.zip".into()]);
        let shared = Settings::from_hash(&settings.to_hash().expect("plain data")).expect("undamaged");
        assert_eq!(shared, Settings::default());
    }

    #[test]
    fn differences_are_named() {
        let one = Settings::default().spec;
        let mut other = one.clone();
        other.optimizer = one.optimizer.with_lr(0.1);
        other.epochs = 3;
        let found = differences(&one, &other);
        let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["epochs", "optimizer.lr"]);
        assert_eq!(found[1].1, "0.001");
        assert_eq!(summary(&found), ["epochs: 10 → 3", "lr: 0.001 → 0.1"]);
    }

    #[test]
    fn another_optimizer_is_one_difference() {
        let one = Settings::default().spec;
        let mut other = one.clone();
        other.optimizer = starting_optimizer("SGD").expect("PyTorch has it");
        assert_eq!(summary(&differences(&one, &other)), ["optimizer: Adam → SGD"]);
        assert_eq!(other.optimizer.lr(), 0.01);
    }
}

//! A model and its run as a PyTorch script: the same layers under the same names, the same data, optimizer and loop,
//! with the weights beside it. It runs by itself and under `torchrun`. It writes text and knows no device.

mod modules;
mod run;

use super::{ModelSpec, TrainSpec};
use crate::Result;
use crate::format::Normalization;

/// The model's layers as classes; the last one is `Net`.
///
/// # Errors
/// None for layers that there are; a new kind without PyTorch's words would be one.
pub fn classes(model: &ModelSpec) -> Result<String> {
    modules::classes(model)
}

/// What a script is written from.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// The model.
    pub model: &'a ModelSpec,
    /// How inputs were normalized.
    pub normalization: Option<&'a Normalization>,
    /// The names of the classes.
    pub classes: &'a [String],
    /// The run, if it is known: a checkpoint has it.
    pub train: Option<&'a TrainSpec>,
    /// The file with the weights, relative to the script.
    pub weights: &'a str,
}

impl Script<'_> {
    /// Whether the script has the training loop; else it only predicts.
    pub fn has_loop(&self) -> bool {
        self.train.is_some_and(run::has_loop)
    }

    /// The script.
    ///
    /// ```
    /// use kindling::train::{model::preset, python::Script};
    /// # fn main() -> kindling::Result<()> {
    /// let model = preset("cifar-intro", &[3, 32, 32], 10)?;
    /// let classes: Vec<String> = (0..10).map(|i| i.to_string()).collect();
    /// let script = Script { model: &model, normalization: None, classes: &classes, train: None, weights: "m.safetensors" };
    /// assert!(script.text()?.contains("self.conv1 = nn.Conv2d(3, 6, 5)"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Settings that JSON cannot express.
    pub fn text(&self) -> Result<String> {
        let mut out = self.opening();
        out += &classes(self.model)?;
        out += &self.constants();
        out += &run::functions(self)?;
        Ok(out)
    }

    fn opening(&self) -> String {
        let loop_too = match self.has_loop() {
            true => {
                "    python SCRIPT.py --data DIR            trains it anew (torchrun SCRIPT.py --data DIR: on several GPUs)\n"
            }
            false => "",
        };
        let datasets = if loop_too.is_empty() { "" } else { "\nimport torch.distributed as dist" };
        let vision = if loop_too.is_empty() {
            ""
        } else {
            "\nfrom torch.nn.parallel import DistributedDataParallel\nfrom torch.utils.data import DataLoader, DistributedSampler\nfrom torchvision import datasets"
        };
        format!(
            "\"\"\"{name}, trained with Kindling, as plain PyTorch.\n\n\
             {loop_too}    python SCRIPT.py PICTURE ...            says what is in pictures, with the weights beside it\n\n\
             Needs: pip install torch torchvision safetensors\n\"\"\"\n\
             import argparse\nimport os\nimport pathlib\n\n\
             import torch{datasets}\nfrom PIL import Image\nfrom safetensors.torch import load_file, save_file\n\
             from torch import nn{vision}\nfrom torchvision.transforms import v2\n\n",
            name = self.model.name,
        )
    }

    fn constants(&self) -> String {
        let quoted: Vec<String> = self.classes.iter().map(|class| text(class)).collect();
        let (mean, std) = self.normalization.map_or((Vec::new(), Vec::new()), |n| (n.mean.clone(), n.std.clone()));
        format!(
            "\n\nCLASSES = [{}]\nMEAN, STD = {mean:?}, {std:?}\nWEIGHTS = pathlib.Path(__file__).with_name({})\n",
            quoted.join(", "),
            text(self.weights)
        )
    }
}

/// A string as Python writes it.
fn text(string: &str) -> String {
    // JSON's escapes are Python's.
    serde_json::Value::from(string).to_string()
}

/// A value of JSON as Python writes it.
fn value(json: &serde_json::Value) -> String {
    use serde_json::Value;
    match json {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Array(list) => format!("[{}]", list.iter().map(value).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(key, v)| format!("{}: {}", text(key), value(v))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// `, key=value` for each entry.
fn arguments(map: &serde_json::Map<String, serde_json::Value>) -> String {
    map.iter().filter(|(key, _)| *key != "name").map(|(key, v)| format!(", {key}={}", value(v))).collect()
}

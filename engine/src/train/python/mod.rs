//! A model and its run as a PyTorch script: the same layers under the same names, the same
//! preprocessing, data, optimizer and loop, with the weights beside it. It runs alone and under
//! `torchrun`. The module writes text and knows no device.

mod data;
mod expressions;
mod images;
mod modules;
mod names;
mod run;
mod table;

pub use names::literal;

use self::data::Source;
use super::{ModelSpec, TrainSpec};
use crate::Result;
use crate::data::{Columns, Preprocessing};
use crate::format::Normalization;
use crate::optim::OptimizerSpec;

/// Returns the model's layers as classes; the last one is `Net`.
///
/// # Errors
/// A layer has a name that no module of PyTorch can have.
pub fn classes(model: &ModelSpec) -> Result<String> {
    modules::classes(model)
}

/// A model and its run, for a script.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// Model.
    pub model: &'a ModelSpec,
    /// Preprocessing of images; `None` for a model of other inputs.
    pub preprocessing: Option<&'a Preprocessing>,
    /// Columns of the table that the model was trained on, with the normalization of its features;
    /// `None` for models of other inputs.
    pub table: Option<(&'a Columns, Option<&'a Normalization>)>,
    /// Names of the classes.
    pub classes: &'a [String],
    /// Settings of the run, if known.
    pub train: Option<&'a TrainSpec>,
    /// Name of the file with the weights, in the script's folder.
    pub weights: &'a str,
}

impl Script<'_> {
    /// First line of every script.
    pub const TITLE: &'static str = "A network trained with Kindling, as plain PyTorch.";

    /// Returns `true` if the script has the training loop; else it only predicts.
    pub fn has_loop(&self) -> bool {
        self.run().is_some() || self.table.is_some() && self.settings().is_some()
    }

    /// Returns the settings of the run, if its optimizer is one of PyTorch's. (PyTorch's Muon takes
    /// only matrices, Kindling's also convolutions.)
    fn settings(&self) -> Option<&TrainSpec> {
        self.train.filter(|train| !matches!(train.optimizer, OptimizerSpec::Muon(_)))
    }

    /// Returns the run and its data, if PyTorch can repeat it and torchvision reads the images.
    fn run(&self) -> Option<(&TrainSpec, Source)> {
        let train = self.settings()?;
        self.preprocessing?;
        Some((train, Source::from_spec(&train.data)?))
    }

    /// Returns the script.
    ///
    /// ```
    /// use kindling::train::{model::preset, python::Script};
    /// # fn main() -> kindling::Result<()> {
    /// let model = preset("cifar-intro", &[3, 32, 32], 10)?;
    /// let classes: Vec<String> = (0..10).map(|i| i.to_string()).collect();
    /// let weights = "m.safetensors";
    /// let script =
    ///     Script { model: &model, preprocessing: None, table: None, classes: &classes, train: None, weights };
    /// assert!(script.text()?.contains("self.conv1 = nn.Conv2d(3, 6, 5)"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A setting cannot be expressed in JSON; or a layer has a name that no module of PyTorch can
    /// have.
    pub fn text(&self) -> Result<String> {
        if let Some((columns, normalization)) = self.table {
            return self.table_text(columns, normalization);
        }
        let mut out = self.opening();
        out += &classes(self.model)?;
        out += &self.constants();
        if let Some(steps) = self.preprocessing {
            out += &images::functions(self, steps)?;
        }
        out += &run::functions(self)?;
        Ok(out)
    }

    /// Returns the docstring and the imports. No text from a file is in them.
    fn opening(&self) -> String {
        let run = self.run();
        let (says, takes, image) = match self.preprocessing {
            Some(_) => ("IMAGE ...            ", "images", "from PIL import Image, ImageOps\n"),
            None => ("CSV                  ", "the rows of a table", ""),
        };
        let trains = match &run {
            Some(_) => {
                "    python SCRIPT.py --data DATA          trains the network anew\n    \
                 torchrun --nproc-per-node 2 SCRIPT.py --data DATA     the same, by several processes\n"
            }
            None => "",
        };
        let (parallel, loaders, datasets) = match &run {
            Some((_, source)) => (
                "import torch.distributed as dist\n",
                "from torch.nn.parallel import DistributedDataParallel\n\
                 from torch.utils.data import DataLoader, DistributedSampler\n",
                source.import(),
            ),
            None => ("", "", ""),
        };
        let images = matches!(run, Some((_, Source::Images)));
        let (functools, zipfile) =
            if images { ("import functools\n", "import re\nimport zipfile\n") } else { ("", "") };
        let numpy = if matches!(run, Some((_, Source::Arrays))) { "import numpy as np\n" } else { "" };
        let (csv, transforms) = match self.preprocessing {
            Some(_) => ("", "from torchvision.transforms import v2\n"),
            None => ("import csv\n", ""),
        };
        let save = if run.is_some() { ", save_file" } else { "" };
        let os = if run.is_some() { "import os\n" } else { "" };
        let title = Self::TITLE;
        let vision = if self.preprocessing.is_some() { " torchvision" } else { "" };
        format!(
            "\"\"\"{title}\n\n    \
             python SCRIPT.py {says} says what is in {takes}, with the weights beside the script\n{trains}\n\
             Needs: pip install torch{vision} safetensors\n\"\"\"\n\
             import argparse\n{csv}{functools}{os}import pathlib\n{zipfile}\n\
             {numpy}import torch\n{parallel}{image}from safetensors.torch import load_file{save}\n\
             from torch import nn\n{loaders}{datasets}{transforms}\n"
        )
    }

    fn constants(&self) -> String {
        let classes: Vec<String> = self.classes.iter().map(|class| literal(class)).collect();
        format!(
            "\n\nNAME = {}\nCLASSES = [{}]\nWEIGHTS = pathlib.Path(__file__).with_name({})\n",
            literal(&self.model.name),
            classes.join(", "),
            literal(self.weights)
        )
    }
}

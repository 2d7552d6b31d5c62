//! The script of a model of a table: it reads tables with pandas, by the names of their columns,
//! and encodes them as Kindling does.

use super::super::{LossSpec, TrainSpec};
use super::{Script, classes, literal, run};
use crate::Result;
use crate::data::{Columns, Task};
use crate::format::Normalization;

impl Script<'_> {
    /// Returns the script of a model that was trained on a table with these columns.
    ///
    /// # Errors
    /// A setting cannot be expressed in JSON.
    pub(super) fn table_text(&self, columns: &Columns, normalization: Option<&Normalization>) -> Result<String> {
        let train = self.settings();
        let usage = if train.is_some() { TRAIN_USAGE } else { "" };
        let mut out = format!("\"\"\"{}\n{}", Self::TITLE, OPENING.replace("{TRAIN}", usage));
        out += &classes(self.model)?;
        out += &self.table_constants(columns, normalization);
        out += READ;
        out += match columns.task {
            Task::Classification => PREDICT_CLASSES,
            Task::Regression => PREDICT_QUANTITY,
        };
        if let Some(train) = train {
            out += &training(train, columns.task)?;
        }
        out += START;
        out += match train {
            Some(_) => {
                "    parser.add_argument(\"--data\", metavar=\"TABLE\", help=\"the table to train on\")\n    \
                 parser.add_argument(\"--out\", default=\"retrained.safetensors\", help=\"the file for the trained weights\")\n    \
                 args = parser.parse_args()\n    if args.data:\n        train(args.data, args.out)\n"
            }
            None => "    args = parser.parse_args()\n",
        };
        Ok(out + "    for path in args.tables:\n        predict(path)\n")
    }

    fn table_constants(&self, columns: &Columns, normalization: Option<&Normalization>) -> String {
        let list =
            |names: &[String]| format!("[{}]", names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", "));
        let mut all = columns.features.clone();
        all.insert(columns.label_index.min(all.len()), columns.label.clone());
        let (mean, std) = normalization.map_or((Vec::new(), Vec::new()), |n| (n.mean.clone(), n.std.clone()));
        let scale = columns.target_scale.unwrap_or_default();
        let kind = match columns.task {
            Task::Classification => format!("CLASSES = {}\n", list(self.classes)),
            Task::Regression => format!("TARGET_MEAN, TARGET_STD = {:?}, {:?}\n", scale.mean, scale.std),
        };
        format!(
            "\n\nCOLUMNS = {all}\nFEATURES = {features}\nLABEL = {label}\nHEADER = {header}\n{kind}\
             MEAN, STD = torch.tensor({mean:?}), torch.tensor({std:?})\n\
             WEIGHTS = pathlib.Path(__file__).with_name({weights})\n",
            all = list(&all),
            features = list(&columns.features),
            label = literal(&columns.label),
            header = if columns.header { "True" } else { "False" },
            weights = literal(self.weights),
        )
    }
}

const OPENING: &str = r#"
    python SCRIPT.py TABLE.csv ...          predicts each row, with the weights beside it
{TRAIN}
Needs: pip install torch pandas safetensors
"""
import argparse
import csv
import io
import itertools
import pathlib
import re

import pandas
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

"#;

const TRAIN_USAGE: &str = "    python SCRIPT.py --data TABLE.csv       trains the network anew on all rows\n";

const READ: &str = r#"

def fit(text, sep):
    """How well a separator gives the model's columns: those found, rows of one width, cells without other separators."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=sep, skipinitialspace=True)
    rows = [row for row in itertools.islice(rows, 50) if row] or [[""]]
    found = len({name.strip().lower() for name in rows[0]} & {name.lower() for name in COLUMNS})
    if not HEADER:
        found = len(rows[0]) in (len(COLUMNS), len(FEATURES))
    cells = [cell.strip() for row in rows for cell in row]
    plain = [cell for cell in cells if not re.search(r"[,;\t|]", cell) or re.fullmatch(r"[-+]?\d+,\d+", cell)]
    same = sum(len(row) == len(rows[0]) for row in rows)
    return found, same, len(plain) / max(1, len(cells)), len(rows[0])


def read(path):
    """The table, its columns named as in training; rows with a missing feature are left out."""
    data = pathlib.Path(path).read_bytes()
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    sep = max(";\t|,", key=lambda sep: fit(text, sep))
    if fit(text, sep)[0] == 0:
        sep = r"\s+"
    decimal = "," if sep != "," and re.search(r"\d,\d", text) else "."
    table = pandas.read_csv(
        io.StringIO(text), sep=sep, decimal=decimal, header=0 if HEADER else None, skipinitialspace=True
    )
    if HEADER:
        known = {name.lower(): name for name in [LABEL, *FEATURES]}
        names = [str(name).strip() for name in table.columns]
        exact = set(names)
        table.columns = [
            name if name in COLUMNS or known.get(name.lower()) in exact else known.get(name.lower(), name) for name in names
        ]
    elif len(table.columns) in (len(COLUMNS), len(FEATURES)):
        table.columns = COLUMNS if len(table.columns) == len(COLUMNS) else FEATURES
    missing = [name for name in FEATURES if name not in table.columns]
    if missing:
        raise SystemExit(f"{path}: lacks the columns {missing}; it has {list(table.columns)}")
    return table.dropna(subset=FEATURES)


def inputs_of(table):
    """The features, by name, as the model takes them."""
    return (torch.tensor(table[FEATURES].astype("float32").to_numpy()) - MEAN) / STD


def outputs(table):
    net = Net()
    net.load_state_dict(load_file(WEIGHTS))
    net.eval()
    with torch.no_grad():
        return net(inputs_of(table))
"#;

const PREDICT_CLASSES: &str = r#"

def predict(path):
    table = read(path)
    for row, probabilities in zip(table.index, outputs(table).softmax(1)):
        p, i = probabilities.max(0)
        print(f"{row + 1:>6}  {CLASSES[i]}  {100 * p:.2f} %")


def targets_of(table):
    """The class of each row; 1, 1.0 and 01 are the same class."""
    numbers = {}
    for i, name in enumerate(CLASSES):
        try:
            numbers[float(name)] = i
        except ValueError:
            pass

    def index(value):
        name = str(value).strip()
        return CLASSES.index(name) if name in CLASSES else numbers[float(value)]

    return torch.tensor([index(value) for value in table[LABEL]])
"#;

const PREDICT_QUANTITY: &str = r#"

def predict(path):
    table = read(path)
    for row, value in zip(table.index, outputs(table)[:, 0] * TARGET_STD + TARGET_MEAN):
        print(f"{row + 1:>6}  {value.item():.6g}")


def targets_of(table):
    """The quantity of each row, in the scale of the model."""
    values = torch.tensor(table[LABEL].astype("float64").to_numpy())
    return ((values - TARGET_MEAN) / TARGET_STD).float()[:, None]
"#;

const START: &str = r#"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="TABLE")
"#;

fn training(train: &TrainSpec, task: Task) -> Result<String> {
    let loss = match (&train.loss, task) {
        (LossSpec::Mse {}, Task::Regression) => "nn.MSELoss()".to_owned(),
        (LossSpec::L1 {}, Task::Regression) => "nn.L1Loss()".to_owned(),
        (LossSpec::SmoothL1 { beta }, Task::Regression) => format!("nn.SmoothL1Loss(beta={beta})"),
        (LossSpec::Huber { delta }, Task::Regression) => format!("nn.HuberLoss(delta={delta})"),
        (loss, _) => run::loss(loss),
    };
    let (made, by_batch, by_epoch) = run::scheduler(train)?;
    Ok(format!(
        r#"

def train(path, out):
    torch.manual_seed({seed})
    table = read(path).dropna(subset=[LABEL])
    loader = DataLoader(TensorDataset(inputs_of(table), targets_of(table)), {batch}, shuffle={shuffle})
    net = Net()
    criterion = {loss}
    optimizer = {optimizer}
{made}    for epoch in range({epochs}):
        net.train()
        total = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(net(inputs), targets)
            loss.backward()
{clip}            optimizer.step()
{by_batch}            total += loss.item() * len(targets)
        mean = total / len(table)
{by_epoch}        print(f"epoch {{epoch + 1}}/{epochs}: loss {{mean:.4f}}", flush=True)
    save_file(net.state_dict(), out)
"#,
        seed = train.seed,
        batch = train.batch_size,
        shuffle = if train.data.shuffle { "True" } else { "False" },
        optimizer = run::optimizer(&train.optimizer)?,
        epochs = train.epochs,
        clip = run::clip(train),
    ))
}

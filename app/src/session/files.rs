//! Files of a run: models, checkpoints, logs, tables; and the contents of an opened file.

use super::data::Loaded;
use super::log::LoggedStep;
use super::page::Page;
use super::run::Run;
use crate::protocol::{CheckpointSummary, FileKind, FileSummary, FromWorker};
use kindling::data::crc32;
use kindling::format::ModelFile;
use kindling::format::model::ModelInfo;
use kindling::format::tfevents::{EventWriter, Moment};
use kindling::train::python::Script;
use kindling::train::{ModelSpec, checkpoint_spec, run_spec};
use kindling::{Error, Result};
use rawzip::{Crc32Option, ZipArchiveWriter};
use std::fmt::Write as _;
use std::io::Write as _;
use std::rc::Rc;

/// The files of a session: saves the run, and holds the model file opened last.
pub struct Files {
    page: Page,
    opened: Option<Rc<ModelFile>>,
}

impl Files {
    /// Creates a state without an opened file.
    pub fn new(page: Page) -> Self {
        Self { page, opened: None }
    }

    /// Returns the model file opened last.
    pub fn opened(&self) -> Option<&Rc<ModelFile>> {
        self.opened.as_ref()
    }

    /// Saves a run as a file.
    ///
    /// # Errors
    /// There is no run; a loss is not finite; or the device fails.
    pub async fn save(&self, run: Option<&mut Run>, kind: FileKind) -> Result<()> {
        let now = self.page.now();
        let Some(run) = run else {
            return Err(Error::value("save", "begin a run first: there is nothing to save"));
        };
        run.settle().await?;
        let trainer = run.trainer();
        let step = trainer.position().step;
        let stem = format!("{}-step{step}", portable(&trainer.model().spec().name));
        let (name, bytes) = match kind {
            FileKind::Model => (format!("{stem}.safetensors"), trainer.model_file().await?.to_bytes()?),
            FileKind::Checkpoint => {
                (format!("{stem}.checkpoint.safetensors"), run.checkpoint_file().await?.to_bytes()?)
            }
            FileKind::Script => (format!("{stem}.zip"), script(&stem, &trainer.model_file().await?)?),
            FileKind::TensorBoard => {
                let name = format!("events.out.tfevents.{:010}.kindling.0.0", (now / 1e3) as u64);
                let bytes = event_file(run, &name, now / 1e3)?;
                (name, bytes)
            }
            FileKind::Curves => (format!("{stem}.csv"), curves(run).into_bytes()),
        };
        run.send_results(0.0);
        self.page.say_with(FromWorker::File { kind, name }, vec![bytes]);
        Ok(())
    }

    /// Reads a model file and reports its contents beside the loaded data; changes nothing else.
    ///
    /// # Errors
    /// The file is no model file, or is damaged.
    pub fn open(&mut self, name: &str, bytes: &[u8], data: Option<&Loaded>) -> Result<()> {
        let file = ModelFile::from_bytes(bytes, name)?;
        self.page.say(FromWorker::FileOpened(Box::new(summary(name, &file, data)?)));
        self.opened = Some(Rc::new(file));
        Ok(())
    }
}

fn summary(name: &str, file: &ModelFile, data: Option<&Loaded>) -> Result<FileSummary> {
    let info = &file.info;
    let model: ModelSpec = kindling::json::from_value(&info.spec)
        .map_err(|e| Error::file(name, format!("its description of the model is damaged: {e}")))?;
    let run = match &info.training {
        Some(_) => {
            let spec = checkpoint_spec(file)?;
            let last = info.metrics.get("epochs").copied().unwrap_or(0.0);
            let step = info.training.as_ref().and_then(|t| t.pointer("/rest/position/step")?.as_u64());
            Some(CheckpointSummary { spec, step: step.unwrap_or(0), epoch: last as usize })
        }
        None => None,
    };
    let mismatch = data.and_then(|loaded| mismatch(info, run.is_some(), loaded));
    Ok(FileSummary {
        file: name.to_owned(),
        model: model.name.clone(),
        layers: model.to_text(),
        input: info.input.clone(),
        parameters: model.summary().parameters,
        classes: info.classes.clone(),
        metrics: info.metrics.clone(),
        run,
        mismatch,
    })
}

/// Returns the reason why a model cannot be used with the loaded data; `None` if it can.
fn mismatch(info: &ModelInfo, is_run: bool, loaded: &Loaded) -> Option<String> {
    let (data, name) = (&loaded.samples.train, &loaded.info.name);
    let (shape, classes) = (data.shape(), data.classes());
    let problem = if info.classes.len() != classes.len() || info.input != shape && !is_run {
        let [known, found] = [info.classes.len(), classes.len()];
        format!(
            "has inputs of shape {:?} and {known} classes; {name} has samples of shape {shape:?} in {found} classes",
            info.input
        )
    } else if info.classes != classes {
        format!("has the classes {}; those of {name} are {}", list(&info.classes), list(classes))
    } else {
        let (known, found) = (info.columns.as_ref()?, data.columns()?);
        if known.features == found.features || !known.header || !found.header {
            return None;
        }
        format!("has the columns {}; those of {name} are {}", list(&known.features), list(&found.features))
    };
    Some(format!("It {problem}. Choose the data it was trained on."))
}

/// Formats names for a sentence: the first ten, and the number of the others.
fn list(names: &[String]) -> String {
    const MAX_NAMES: usize = 10;
    let named = names.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Returns a model's name as part of a file name: on no system it leads to another folder.
fn portable(name: &str) -> String {
    let portable_char = |c: char| if c.is_alphanumeric() || "-_. ".contains(c) { c } else { '_' };
    let name: String = name.chars().take(80).map(portable_char).collect();
    let name = name.trim_matches(['.', ' ']);
    if name.is_empty() { "model".to_owned() } else { name.to_owned() }
}

/// Creates an archive with the PyTorch script of a model and its weights.
fn script(stem: &str, file: &ModelFile) -> Result<Vec<u8>> {
    let model: ModelSpec = kindling::json::from_value(&file.info.spec)
        .map_err(|e| Error::internal(format!("a model's own description is damaged: {e}")))?;
    let (train, weights) = (run_spec(file)?, format!("{stem}.safetensors"));
    let preprocessing = file.info.image_preprocessing()?;
    let script = Script {
        model: &model,
        preprocessing: preprocessing.as_ref(),
        classes: &file.info.classes,
        table: file.info.columns.as_ref().map(|columns| (columns, file.info.normalization.as_ref())),
        train: train.as_ref(),
        weights: &weights,
    };
    let failed = |e: rawzip::Error| Error::internal(format!("the archive could not be written: {e}"));
    let mut archive = ZipArchiveWriter::new(Vec::new());
    // Weights hardly compress, so they are stored uncompressed.
    for (name, bytes) in [(format!("{stem}.py"), script.text()?.into_bytes()), (weights, file.to_bytes()?)] {
        let entry = archive.new_file(name.as_str()).crc32(Crc32Option::Custom(crc32(&bytes)));
        let (mut entry, config) = entry.start().map_err(failed)?;
        let mut writer = config.wrap(&mut entry);
        writer.write_all(&bytes).map_err(|e| failed(e.into()))?;
        let (_, descriptor) = writer.finish().map_err(failed)?;
        entry.finish(descriptor).map_err(failed)?;
    }
    archive.finish().map_err(failed)
}

/// Formats the curves as an event file, with the command line's tags.
fn event_file(run: &Run, name: &str, now: f64) -> Result<Vec<u8>> {
    let begun = run.log().steps().first().map_or(now, |logged| logged.read_at / 1e3);
    let mut log = EventWriter::new(Vec::new(), name, begun)?;
    let start = Moment { step: 0, wall_time: begun };
    let settings = kindling::json::to_value(run.trainer().spec())
        .map(|settings| format!("{settings:#}"))
        .map_err(|e| Error::value("save", format!("settings: {e}")))?;
    log.code("settings", start, &settings)?;
    log.code("model", start, &run.trainer().model().spec().to_text())?;
    for LoggedStep { result, lr, read_at } in run.log().steps() {
        let at = Moment { step: result.step as i64, wall_time: read_at / 1e3 };
        log.scalar("loss/step", at, result.loss as f32)?;
        if let Some(accuracy) = result.accuracy {
            log.scalar("accuracy/step", at, accuracy as f32)?;
        }
        log.scalar("lr", at, *lr as f32)?;
    }
    for epoch in run.trainer().history() {
        let of_step = run.log().steps().iter().find(|logged| logged.result.step >= epoch.step);
        let wall_time = of_step.map_or(begun, |logged| logged.read_at / 1e3);
        let at = Moment { step: epoch.step as i64, wall_time };
        log.scalar("loss/train", at, epoch.train_loss as f32)?;
        if let Some(accuracy) = epoch.train_accuracy {
            log.scalar("accuracy/train", at, accuracy as f32)?;
        }
        for (split, evaluation) in [("validation", &epoch.validation), ("test", &epoch.test)] {
            if let Some(evaluation) = evaluation {
                log.scalar(&format!("loss/{split}"), at, evaluation.loss as f32)?;
                for (figure, value) in evaluation.metrics() {
                    log.scalar(&format!("{figure}/{split}"), at, value as f32)?;
                }
            }
        }
    }
    Ok(log.into_inner())
}

/// Formats the curves as CSV: a row per step, and a row per epoch after its last step.
fn curves(run: &Run) -> String {
    let amount = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let history = run.trainer().history();
    let split = if history.iter().any(|epoch| epoch.validation.is_some()) { "validation" } else { "test" };
    let mut text = format!("step,epoch,loss,accuracy,lr,train_loss,train_accuracy,{split}_loss,{split}_accuracy\n");
    let mut epochs = run.trainer().history().iter().peekable();
    let mut epoch_rows = |until: u64, text: &mut String| {
        while let Some(epoch) = epochs.next_if(|epoch| epoch.step < until) {
            let test = epoch.evaluation();
            let test = test.map_or_else(|| ",".to_owned(), |test| format!("{},{}", test.loss, amount(test.accuracy)));
            let (step, number, lr) = (epoch.step, epoch.epoch, epoch.lr);
            // Writing to a string does not fail.
            let accuracy = amount(epoch.train_accuracy);
            let _ = writeln!(text, "{step},{number},,,{lr},{},{accuracy},{test}", epoch.train_loss);
        }
    };
    for LoggedStep { result, lr, .. } in run.log().steps() {
        epoch_rows(result.step, &mut text);
        let _ = writeln!(text, "{},,{},{},{lr},,,,", result.step, result.loss, amount(result.accuracy));
    }
    epoch_rows(u64::MAX, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::portable;

    #[test]
    fn file_names_are_portable() {
        let names = [
            ("cifar-intro", "cifar-intro"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\a\u{1b}[2J", "C__a__2J"),
            ("été 2", "été 2"),
            ("..", "model"),
            ("", "model"),
        ];
        names.iter().for_each(|(name, want)| assert_eq!(portable(name), *want, "{name:?}"));
    }
}

//! `kindling train`: starts or resumes a run, with a progress bar for people and JSON for programs.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use indicatif::ProgressBar;
use kindling::data::Splits;
use kindling::format::{ModelFile, files};
use kindling::train::{
    Ending, EpochResult, Event, LossReader, StepResult, Trainer, checkpoint_position, checkpoint_spec, weights,
};
use kindling::{Error, Result, block_on};
use serde_json::json;

use crate::board::Board;
use crate::checkpoint::{Saved, Saver, checkpoint_path};
use crate::config::{DeviceChoice, RunArgs};
use crate::outputs::Over;
use crate::{memory, metrics, output, stop};

/// Train a network.
#[derive(Args)]
pub struct Train {
    #[command(flatten)]
    run: RunArgs,
    /// Device to run on.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    device: DeviceChoice,
    /// File to write the trained model to.
    #[arg(long, value_name = "FILE", default_value = "model.safetensors")]
    out: PathBuf,
    /// Resume from a checkpoint, with its settings except for flags that are given.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Start with these weights instead of random ones: a model of Kindling, or tensors saved by
    /// PyTorch (.safetensors, .pt, .pth).
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    weights: Option<PathBuf>,
    /// Save a checkpoint beside the model every CHECKPOINT_EVERY epochs.
    #[arg(long, value_name = "EPOCHS")]
    checkpoint_every: Option<usize>,
    /// Write a log for TensorBoard into this folder.
    #[arg(long, value_name = "FOLDER")]
    logdir: Option<PathBuf>,
    /// Print one JSON object per line instead of text.
    #[arg(long)]
    json: bool,
}

/// Trains a network.
pub fn run(args: &Train) -> Result<()> {
    stop::listen();
    let checkpoint = args.resume.as_deref().map(read_model).transpose()?;
    if args.checkpoint_every == Some(0) {
        return Err(Error::value("settings", "--checkpoint-every must be at least 1"));
    }
    let base = checkpoint.as_ref().map(|file| Ok::<_, Error>((checkpoint_spec(file)?, checkpoint_position(file)?)));
    let base = base.transpose()?;
    let draft = args.run.spec(base.as_ref().map(|(spec, position)| (spec, *position)))?;
    let outputs = args
        .run
        .inputs(draft.data_path())
        .reads("--resume", args.resume.as_deref())
        .writes("--out", &args.out, Over::Model)
        .writes("the checkpoint", &checkpoint_path(&args.out)?, Over::Checkpoint)
        .fills("--logdir", args.logdir.as_deref());
    outputs.check()?;
    let data = draft.open_data()?;
    let spec = draft.finish(&data)?;
    // A model for crops of the images has other shapes; the trainer refuses a mismatch.
    if let Ok(model) = spec.model_for(data.train.shape(), data.train.outputs()) {
        memory::check(&spec, &model, data.train.len())?;
    }
    let (device, device_name) = args.device.open()?;
    let mut trainer = match &checkpoint {
        Some(file) => Trainer::resume(file, spec, data.train.clone(), data.test.clone(), &device)?,
        None => Trainer::new(spec, data.train.clone(), data.test.clone(), &device)?,
    };
    trainer.set_split(data.split.clone());
    if let Some(validation) = &data.validation {
        trainer.set_validation(validation.clone())?;
    }
    check_metadata(&trainer)?;
    outputs.prepare()?;
    if let Some(path) = &args.weights {
        let tensors = crate::model::tensors(path)?;
        weights::load(trainer.model(), &tensors).map_err(|e| Error::file(path.display(), e))?;
    }
    let mut run = Run {
        args,
        saver: Saver::new(&args.out, args.resume.as_deref())?,
        first_step: trainer.position().step,
        board: args.logdir.as_deref().map(Board::new).transpose()?,
        bar: ProgressBar::hidden(),
        reader: LossReader::new(0.0),
        started: Instant::now(),
        loss: 0.0,
        trainer,
    };
    run.announce(&data, &device_name)?;
    run.drive()
}

/// Refuses, before the first step, a run whose model could not be written or read back.
fn check_metadata(trainer: &Trainer) -> Result<()> {
    let file = ModelFile { info: trainer.info()?, ..ModelFile::default() };
    ModelFile::from_bytes(&file.to_bytes()?, "the model's file").map(|_| ())
}

fn read_model(path: &Path) -> Result<ModelFile> {
    ModelFile::from_bytes(&files::read(path)?, &path.display().to_string())
}

struct Run<'a> {
    args: &'a Train,
    trainer: Trainer,
    saver: Saver,
    /// Step at which the run started: 0, or that of the checkpoint.
    first_step: u64,
    board: Option<Board>,
    bar: ProgressBar,
    reader: LossReader,
    started: Instant,
    /// Moving average of the loss, for the progress bar.
    loss: f64,
}

impl Run<'_> {
    fn announce(&mut self, data: &Splits, device: &str) -> Result<()> {
        output::notes(&data.notes);
        let trainer = &self.trainer;
        let (spec, model) = (trainer.spec(), trainer.model().spec());
        let parameters = model.summary().parameters;
        let samples = trainer.train_loader().dataset().len();
        if self.args.json {
            output::object(&json!({
                "event": "start", "data": data.name, "notes": data.notes, "split": data.split, "train": samples, "model": model.name, "parameters": parameters,
                "device": device, "epochs": spec.epochs, "batch_size": spec.batch_size, "seed": spec.seed,
                "step": trainer.position().step,
            }))?;
        } else {
            output::line(format!(
                "{}: {} samples · {}: {} parameters · {} lr {} · batch {} · {device}",
                data.name,
                output::thousands(samples),
                model.name,
                output::thousands(parameters),
                spec.optimizer.name(),
                trainer.lr(),
                spec.batch_size
            ))?;
            data.split.describe().map_or(Ok(()), output::line)?;
        }
        if let Some(board) = &mut self.board {
            board.begin(spec, trainer, trainer.train_loader());
        }
        Ok(())
    }

    /// Returns the milliseconds since training started.
    fn now_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1e3
    }

    fn drive(&mut self) -> Result<()> {
        loop {
            if stop::requested() {
                return self.interrupted();
            }
            match block_on(self.trainer.next()) {
                Ok(Event::Step(position)) => {
                    if self.bar.is_finished() || self.bar.length() != Some(position.batches as u64) {
                        let name = format!("epoch {}/{}", position.epoch + 1, self.trainer.spec().epochs);
                        self.bar = output::bar(position.batches as u64, "batch", self.args.json).with_prefix(name);
                        self.bar.set_position(position.batch as u64 - 1);
                        self.bar.reset_eta();
                    }
                    self.bar.set_position(position.batch as u64);
                    if self.reader.is_due(self.trainer.pending()) {
                        self.read()?;
                    }
                }
                Ok(Event::Test { done, of }) => self.bar.set_message(format!(", testing {done}/{of}")),
                Ok(Event::Epoch(result)) => self.epoch(&result)?,
                Ok(Event::Done(ending)) => return self.done(ending),
                Err(error) => {
                    self.bar.finish_and_clear();
                    return Err(error);
                }
            }
        }
    }

    /// Waits for the submitted steps, and prints their losses.
    fn read(&mut self) -> Result<()> {
        let results = block_on(self.trainer.collect())?;
        self.reader.read(results.len(), self.now_ms());
        self.show(&results)
    }

    fn show(&mut self, results: &[StepResult]) -> Result<()> {
        for result in results {
            let first = self.loss == 0.0;
            self.loss = if first { result.loss } else { 0.98 * self.loss + 0.02 * result.loss };
            if self.args.json {
                let mut event = json!({ "event": "step", "step": result.step, "loss": result.loss });
                if let Some(accuracy) = result.accuracy {
                    event["accuracy"] = json!(accuracy);
                }
                output::object(&event)?;
            }
        }
        self.bar.set_message(format!(", loss {:.4}", self.loss));
        let lr = self.trainer.lr();
        if let Some(board) = &mut self.board {
            board.steps(results, lr);
        }
        Ok(())
    }

    fn epoch(&mut self, result: &EpochResult) -> Result<()> {
        // Losses read at the end of the epoch were not printed yet.
        let rest = self.trainer.take_read();
        self.show(&rest)?;
        self.bar.finish_and_clear();
        self.reader.restart(self.now_ms());
        let test = result.test.as_ref();
        let validation = result.validation.as_ref();
        if self.args.json {
            let mut event = json!({
                "event": "epoch", "epoch": result.epoch, "step": result.step, "lr": result.lr,
                "train_loss": result.train_loss, "seconds": self.started.elapsed().as_secs_f64(),
            });
            if let Some(accuracy) = result.train_accuracy {
                event["train_accuracy"] = json!(accuracy);
            }
            event = metrics::extended(event, metrics::json("test", test));
            if let Some(validation) = validation {
                event = metrics::extended(event, metrics::json("validation", Some(validation)));
            }
            output::object(&event)?;
        } else {
            let name = if validation.is_some() { "validation" } else { "test" };
            let test = result
                .evaluation()
                .map_or_else(String::new, |test| format!(" · {name} loss {:.4}{}", test.loss, metrics::text(test)));
            output::line(format!(
                "epoch {}/{}: loss {:.4}{}{test}",
                result.epoch,
                self.trainer.spec().epochs,
                result.train_loss,
                metrics::accuracy(result.train_accuracy)
            ))?;
        }
        if let Some(board) = &mut self.board {
            board.epoch(result, &self.trainer);
        }
        if self.args.checkpoint_every.is_some_and(|every| every > 0 && result.epoch.is_multiple_of(every)) {
            let file = self.checkpoint()?;
            self.saver.save_checkpoint(&file);
        }
        Ok(())
    }

    fn done(&mut self, ending: Ending) -> Result<()> {
        self.bar.finish_and_clear();
        let model = block_on(self.trainer.model_file())?;
        let Saved { path, problem } = self.saver.save_model(&model)?;
        let seconds = self.started.elapsed().as_secs_f64();
        let test = self.trainer.result();
        let selection = self.trainer.selection();
        let classes = self.trainer.train_loader().dataset().classes();
        if self.args.json {
            let by_class: serde_json::Map<String, serde_json::Value> = test
                .map(|test| {
                    classes.iter().cloned().zip(test.class_accuracies().into_iter().map(|a| json!(a))).collect()
                })
                .unwrap_or_default();
            let mut event = json!({
                "event": "done", "ending": ending, "epochs": self.trainer.position().epoch,
                "steps": self.trainer.position().step, "seconds": seconds, "out": output::path(&path),
                "best_epoch": selection.best_epoch, "best_loss": selection.best, "metric": selection.metric,
                "saved_epoch": selection.epoch,
            });
            if test.is_none_or(|test| test.regression.is_none()) {
                event["class_accuracy"] = json!(by_class);
                event["confusion"] = json!(test.map(|t| &t.confusion));
            }
            output::object(&metrics::extended(event, metrics::json("test", test)))?;
            return problem.map_or(Ok(()), Err);
        }
        let metric = selection.metric.as_deref().unwrap_or("test_loss").replace('_', " ");
        if ending == Ending::StoppedEarly {
            output::line(format!("stopped early: the {metric} does not fall any more"))?;
        }
        if let (Some(epoch), Some(best)) = (selection.best_epoch, selection.best) {
            let saved = match selection.epoch {
                saved if saved == epoch => "its weights are saved".to_owned(),
                saved => format!("the weights of the last, epoch {saved}, are saved (--keep best saves the best)"),
            };
            output::line(format!("epoch {epoch} was best, with a {metric} of {best:.4}; {saved}"))?;
        }
        if let (Some(test), true) = (test, metric.starts_with("validation")) {
            output::line(format!("test loss {:.4}{}", test.loss, metrics::text(test)))?;
        }
        if let Some(test) = test.filter(|test| test.regression.is_none()) {
            super::eval::print_classes(test, classes)?;
        }
        output::line(format!("saved {} after {seconds:.1} s", path.display()))?;
        problem.map_or(Ok(()), Err)
    }

    fn interrupted(&mut self) -> Result<()> {
        self.bar.finish_and_clear();
        let step = self.trainer.position().step;
        // A run without a step leaves the files of earlier runs unchanged.
        let saved = if step == self.first_step {
            None
        } else {
            let file = self.checkpoint()?;
            Some(self.saver.save_last_checkpoint(&file)?)
        };
        let (path, problem) = saved.map_or((None, None), |saved| (Some(saved.path), saved.problem));
        let path = path.or_else(|| self.args.resume.clone());
        let resume = path.as_ref().map(|path| {
            format!("kindling train --resume {} --out {}", output::word(path), output::word(&self.args.out))
        });
        if self.args.json {
            let path = path.as_deref().map(output::path);
            output::object(&json!({ "event": "interrupted", "step": step, "checkpoint": path, "resume": resume }))?;
        } else {
            let next =
                resume.map_or_else(|| "there is nothing to save".into(), |resume| format!("resume with: {resume}"));
            output::line(format!("stopped at step {step}; {next}"))?;
        }
        if let Some(problem) = problem {
            output::warn(problem);
        }
        Ok(())
    }

    /// Returns the state for resuming.
    fn checkpoint(&mut self) -> Result<ModelFile> {
        let file = block_on(self.trainer.checkpoint())?;
        let rest = self.trainer.take_read();
        self.show(&rest)?;
        Ok(file)
    }
}

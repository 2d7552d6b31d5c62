//! Log for TensorBoard: scalars of every step and epoch, histograms of weights, images as the
//! network receives them.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use kindling::data::{DataLoader, images};
use kindling::device::Array;
use kindling::format::tfevents::{EventWriter, Histogram, Moment};
use kindling::nn::Module;
use kindling::train::{EpochResult, StepResult, TrainSpec, Trainer};
use kindling::{Error, Result, block_on, read_many};

use crate::output;

/// Maximum number of logged images.
const MAX_IMAGES: usize = 16;

/// A log in a folder. It never ends a run: after a failure to write, a warning is printed and
/// logging stops.
pub struct Board {
    folder: PathBuf,
    /// `None` after a failure.
    writer: Option<Writer>,
    /// `true` if the folder had logs of other runs.
    is_shared: bool,
}

type Writer = EventWriter<BufWriter<File>>;

/// Prefix of TensorBoard's file names.
const PREFIX: &str = "events.out.tfevents.";

impl Board {
    /// Creates a new file in `folder`.
    ///
    /// # Errors
    /// The folder cannot be created or written.
    pub fn new(folder: &Path) -> Result<Self> {
        let refuse = |e: std::io::Error| Error::file(folder.display(), format!("cannot be written: {e}"));
        fs::create_dir_all(folder).map_err(refuse)?;
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() { "local" } else { host.trim() };
        // TensorBoard reads the files of a folder in the order of their names: a later session
        // needs a later second.
        let latest = latest_second(folder);
        let second = latest.map_or(0, |latest| latest.saturating_add(1)).max(now() as u64);
        let stem = format!("{PREFIX}{second:010}.{host}.{}", std::process::id());
        let path = folder.join(format!("{stem}.0"));
        let file = File::options().write(true).create_new(true).open(&path).map_err(refuse)?;
        let writer = EventWriter::new(BufWriter::new(file), &path.display().to_string(), now())?;
        Ok(Self { folder: folder.to_path_buf(), writer: Some(writer), is_shared: latest.is_some() })
    }

    /// Logs with `write`, unless an earlier attempt failed.
    fn log(&mut self, write: impl FnOnce(&mut Writer) -> Result<()>) {
        if let Some(writer) = &mut self.writer
            && let Err(error) = write(writer)
        {
            self.writer = None;
            output::warn(format!("the log in {} ends here, the run continues: {error}", self.folder.display()));
        }
    }

    /// Logs the settings, and images as the network receives them. A resumed run replaces
    /// everything that was logged after its checkpoint.
    pub fn begin(&mut self, spec: &TrainSpec, trainer: &Trainer, loader: &DataLoader) {
        let resumed = trainer.position().step > 0;
        if self.is_shared && !resumed {
            let folder = self.folder.display();
            output::warn(format!("{folder} has the log of another run; TensorBoard will draw both as one"));
        }
        let at = moment(if resumed { trainer.position().step + 1 } else { 0 });
        self.log(|writer| {
            if resumed {
                // Readers interpret the first start as the beginning of the run, and the second as
                // a resumption.
                writer.session_start(at)?;
                writer.session_start(at)?;
            }
            begin(writer, at, spec, trainer, loader)
        });
    }

    /// Logs the losses of steps.
    pub fn steps(&mut self, results: &[StepResult], lr: f64) {
        self.log(|writer| {
            for result in results {
                let at = moment(result.step);
                writer.scalar("loss/step", at, result.loss as f32)?;
                if let Some(accuracy) = result.accuracy {
                    writer.scalar("accuracy/step", at, accuracy as f32)?;
                }
            }
            match results.last() {
                Some(last) => writer.scalar("lr", moment(last.step), lr as f32),
                None => Ok(()),
            }
        });
    }

    /// Logs an epoch's metrics at its last step, and the weights after it if it was evaluated.
    pub fn epoch(&mut self, result: &EpochResult, trainer: &Trainer) {
        self.log(|writer| epoch(writer, result, trainer));
    }
}

/// Logs the settings, the model, and the first images of the data.
fn begin(writer: &mut Writer, at: Moment, spec: &TrainSpec, trainer: &Trainer, loader: &DataLoader) -> Result<()> {
    let settings = serde_json::to_string_pretty(spec).map_err(|e| Error::internal(format!("settings: {e}")))?;
    writer.code("settings", at, &settings)?;
    writer.code("model", at, &trainer.model().spec().to_text())?;
    let data = loader.dataset();
    let Some(first) = loader.epoch(0)?.next() else { return Ok(()) };
    let (images, labels) = first?;
    let &[n, channels, height, width] = images.dims() else { return Ok(()) };
    let arrays = block_on(read_many(&[&images, &labels]))?;
    let (Some(Array::F32(images)), Some(Array::I32(labels))) = (arrays.first(), arrays.get(1)) else {
        return Ok(());
    };
    let stats = trainer.normalization();
    for i in 0..n.min(MAX_IMAGES) {
        let plane = height * width;
        let byte = |(at, x): (usize, &f32)| {
            let c = at / plane;
            let value = f64::from(*x) * stats.std[c] + stats.mean[c];
            (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
        };
        let image: Vec<u8> = images[i * channels * plane..][..channels * plane].iter().enumerate().map(byte).collect();
        let class = output::shown(data.classes().get(labels[i] as usize).map_or("", String::as_str));
        writer.image(&format!("samples/{i} {class}"), at, [width, height], &images::to_rgb(&image, channels))?;
    }
    writer.flush()
}

fn epoch(writer: &mut Writer, result: &EpochResult, trainer: &Trainer) -> Result<()> {
    let at = moment(result.step);
    writer.scalar("loss/train", at, result.train_loss as f32)?;
    if let Some(accuracy) = result.train_accuracy {
        writer.scalar("accuracy/train", at, accuracy as f32)?;
    }
    if let Some(evaluation) = result.evaluation() {
        let split = if result.validation.is_some() { "validation" } else { "test" };
        writer.scalar(&format!("loss/{split}"), at, evaluation.loss as f32)?;
        for (figure, value) in evaluation.metrics() {
            writer.scalar(&format!("{figure}/{split}"), at, value as f32)?;
        }
        let named = trainer.model().named_parameters();
        let tensors: Vec<_> = named.iter().map(|(_, tensor)| tensor).collect();
        for ((name, _), values) in named.iter().zip(block_on(read_many(&tensors))?) {
            if let Array::F32(values) = values {
                writer.histogram(&format!("weights/{name}"), at, Histogram::from_values(&values))?;
            }
        }
    }
    writer.flush()
}

/// Returns the largest second in the names of a folder's event files.
fn latest_second(folder: &Path) -> Option<u64> {
    let second = |name: &str| name.strip_prefix(PREFIX)?.split('.').next()?.parse::<u64>().ok();
    let names = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter_map(|name| second(&name)).max()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn moment(step: u64) -> Moment {
    Moment { step: step as i64, wall_time: now() }
}

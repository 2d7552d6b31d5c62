//! The log for TensorBoard: scalars of every step and epoch, histograms of weights, pictures as the network sees them.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use kindling::data::{DataLoader, pictures};
use kindling::device::Array;
use kindling::format::tfevents::{EventWriter, Histogram, Moment};
use kindling::nn::Module;
use kindling::train::{EpochResult, StepResult, TrainSpec, Trainer};
use kindling::{Error, Result, block_on, plan};

/// Pictures that are shown.
const PICTURES: usize = 16;

/// A log in a folder.
pub struct Board {
    writer: EventWriter<BufWriter<File>>,
}

impl Board {
    /// Begins a file of its own in `folder`.
    pub fn new(folder: &Path) -> Result<Self> {
        let refuse = |e: std::io::Error| Error::file(folder.display(), format!("cannot be written: {e}"));
        fs::create_dir_all(folder).map_err(refuse)?;
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() { "local" } else { host.trim() };
        // TensorBoard orders the files of a run by their names.
        let stem = format!("events.out.tfevents.{:010}.{host}.{}", now() as u64, std::process::id());
        let path = (0..)
            .map(|i| folder.join(format!("{stem}.{i}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| folder.join(&stem));
        let file = File::create(&path).map_err(refuse)?;
        Ok(Self { writer: EventWriter::new(BufWriter::new(file), &path.display().to_string(), now())? })
    }

    /// What the run is, and pictures of its data as the network will see them.
    pub fn begin(&mut self, spec: &TrainSpec, trainer: &Trainer, loader: &DataLoader) -> Result<()> {
        let at = moment(trainer.position().step);
        let settings = serde_json::to_string_pretty(spec).map_err(|e| Error::internal(format!("settings: {e}")))?;
        self.writer.text("settings", at, &format!("```\n{settings}\n```"))?;
        self.writer.text("model", at, &format!("```\n{}\n```", trainer.model().spec().to_text()))?;
        let data = loader.dataset();
        let Some(first) = loader.epoch(0)?.next() else { return Ok(()) };
        let (images, labels) = first?;
        let &[n, channels, height, width] = images.dims() else { return Ok(()) };
        let arrays = block_on(plan::read_many(&[&images, &labels]))?;
        let (Some(Array::F32(images)), Some(Array::I32(labels))) = (arrays.first(), arrays.get(1)) else {
            return Ok(());
        };
        let stats = trainer.normalization();
        for i in 0..n.min(PICTURES) {
            let plane = height * width;
            let byte = |(at, x): (usize, &f32)| {
                let c = at / plane;
                let value = f64::from(*x) * stats.std[c] + stats.mean[c];
                (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
            };
            let picture: Vec<u8> =
                images[i * channels * plane..][..channels * plane].iter().enumerate().map(byte).collect();
            let class = data.classes().get(labels[i] as usize).map_or("", String::as_str);
            self.writer.image(
                &format!("samples/{i} {class}"),
                at,
                [width, height],
                &pictures::to_rgb(&picture, channels),
            )?;
        }
        self.writer.flush()
    }

    /// Losses of steps.
    pub fn steps(&mut self, results: &[StepResult], lr: f64) -> Result<()> {
        for result in results {
            let at = moment(result.step);
            self.writer.scalar("loss/step", at, result.loss as f32)?;
            self.writer.scalar("accuracy/step", at, result.accuracy as f32)?;
        }
        if let Some(last) = results.last() {
            self.writer.scalar("lr", moment(last.step), lr as f32)?;
        }
        Ok(())
    }

    /// An epoch's figures, and the weights after it if it was tested.
    pub fn epoch(&mut self, result: &EpochResult, trainer: &Trainer) -> Result<()> {
        let at = Moment { step: result.epoch as i64, wall_time: now() };
        self.writer.scalar("loss/train", at, result.train_loss as f32)?;
        self.writer.scalar("accuracy/train", at, result.train_accuracy as f32)?;
        if let Some(test) = &result.test {
            self.writer.scalar("loss/test", at, test.loss as f32)?;
            self.writer.scalar("accuracy/test", at, test.accuracy as f32)?;
            let named = trainer.model().named_parameters();
            let tensors: Vec<_> = named.iter().map(|(_, tensor)| tensor).collect();
            for ((name, _), values) in named.iter().zip(block_on(plan::read_many(&tensors))?) {
                if let Array::F32(values) = values {
                    self.writer.histogram(&format!("weights/{name}"), at, Histogram::of(&values))?;
                }
            }
        }
        self.writer.flush()
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn moment(step: u64) -> Moment {
    Moment { step: step as i64, wall_time: now() }
}

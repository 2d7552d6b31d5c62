//! The origin of a run, which is a specification, a checkpoint or a model, and its trainer.

use super::data::Loaded;
use super::device::OpenDevice;
use kindling::data::Subset;
use kindling::format::ModelFile;
use kindling::nn::{Module as _, StateDict};
use kindling::train::{ModelSpec, TrainSpec, Trainer, checkpoint_spec};
use kindling::{Error, Result};
use std::rc::Rc;
use std::sync::Arc;

/// Origin of a run.
#[derive(Clone)]
pub enum Origin {
    /// A specification.
    New(TrainSpec),
    /// A checkpoint.
    Checkpoint(Rc<ModelFile>),
    /// A model, and the settings to train it further.
    Model(Rc<ModelFile>, TrainSpec),
}

impl Origin {
    /// Returns the checkpoint to resume from, if it is one.
    pub fn checkpoint(&self) -> Option<&Rc<ModelFile>> {
        match self {
            Self::Checkpoint(file) => Some(file),
            Self::New(_) | Self::Model(..) => None,
        }
    }

    /// Returns the number of samples that must have arrived before the run can begin.
    pub fn min_samples(&self) -> usize {
        self.checkpoint().map_or(0, |file| samples_of(file))
    }
}

/// Creates the trainer of a run.
///
/// # Errors
/// The specification, the checkpoint or the model does not fit the data.
pub fn trainer(origin: &Origin, data: &Loaded, opened: &OpenDevice) -> Result<Trainer> {
    let samples = &data.samples;
    let device = &opened.device;
    let (train, test) = (samples.train.clone(), samples.test.clone());
    let mut trainer = match origin {
        Origin::New(spec) => Trainer::new(spec.clone().for_task(train.task()), train, test, device)?,
        Origin::Checkpoint(file) => {
            let spec = checkpoint_spec(file)?;
            let used = samples_of(file);
            // The run began with fewer samples: it resumes with them, and adds the rest at the end
            // of its epoch.
            let train = if used < train.len() { Arc::new(Subset::first(train, used)) } else { train };
            Trainer::resume(file, spec, train, test, device)?
        }
        Origin::Model(file, spec) => {
            let model: ModelSpec = kindling::json::from_value(&file.info.spec)
                .map_err(|e| Error::value("model", format!("the file's description of the model is damaged: {e}")))?;
            let mut spec = TrainSpec { model: Some(model), preset: None, ..spec.clone() };
            if let Some(normalization) = &file.info.normalization {
                spec.data.mean = Some(normalization.mean.clone());
                spec.data.std = Some(normalization.std.clone());
            }
            let trainer = Trainer::new(spec, train, test, device)?;
            let mut dict = StateDict::default();
            for (name, tensor) in file.state() {
                dict.insert(name.clone(), tensor.to_tensor(device)?);
            }
            trainer.model().load_state_dict(&dict)?;
            trainer
        }
    };
    trainer.set_split(samples.split.clone());
    if let Some(validation) = &samples.validation {
        trainer.set_validation(validation.clone())?;
    }
    Ok(trainer)
}

/// Returns the number of samples that a checkpoint's run was trained on.
fn samples_of(file: &ModelFile) -> usize {
    let training = file.info.training.as_ref();
    let samples = training.and_then(|training| training.get("samples")?.as_u64());
    samples.and_then(|samples| usize::try_from(samples).ok()).unwrap_or(0)
}

//! Files of a run: its model with metadata, and checkpoints.

use super::Trainer;
use super::learner::LearnerState;
use crate::format::TensorFile;
use crate::format::model::{ModelFile, ModelInfo};
use crate::json;
use crate::train::checkpoint::{self, Scalars};
use crate::train::{RunRecord, Selection};
use crate::{Error, Result};

impl Trainer {
    /// Returns the model with its metadata.
    ///
    /// # Errors
    /// The device fails.
    pub async fn model_file(&self) -> Result<ModelFile> {
        let mut tensors = TensorFile::default();
        tensors.extend(self.learner.weights()?).await?;
        Ok(ModelFile { tensors: tensors.tensors, info: self.info()? })
    }

    /// Returns the metadata of a file of the model.
    ///
    /// # Errors
    /// A sample cannot be read.
    pub fn info(&self) -> Result<ModelInfo> {
        let value = |name: &str, value: Result<serde_json::Value, String>| {
            value.map_err(|e| Error::internal(format!("{name}: {e}")))
        };
        let spec = self.model().spec();
        Ok(ModelInfo {
            spec: value("model", json::to_value(spec))?,
            input: spec.input.clone(),
            classes: self.train_loader().dataset().classes().to_vec(),
            normalization: Some(self.normalization().clone()),
            preprocessing: self.loaders.preprocessing(&spec.input),
            columns: self.loaders.columns(),
            metrics: self.selector.metrics(self.position),
            run: Some(value("settings", json::to_value(self.spec()))?),
            record: Some(value("record", json::to_value(&self.record()?))?),
            ..ModelInfo::default()
        })
    }

    /// Returns the record of the run so far.
    ///
    /// # Errors
    /// A sample cannot be read.
    pub fn record(&self) -> Result<RunRecord> {
        let earlier = self.settings.earlier().to_vec();
        Ok(RunRecord { data: self.loaders.record()?, selection: self.selection(), earlier })
    }

    /// Returns the epoch of the model's weights, and the best epoch.
    pub fn selection(&self) -> Selection {
        let patience = self.selector.patience();
        Selection {
            epoch: self.selector.weights_epoch(self.position.epoch),
            keep: self.spec().final_weights(),
            metric: self.loaders.metric().map(str::to_owned),
            best_epoch: patience.epoch,
            best: patience.best,
        }
    }

    /// Returns a checkpoint. A run resumed from it equals the uninterrupted run, bit for bit on the
    /// same device. It is a model file too.
    ///
    /// # Errors
    /// A loss is not finite; or the device fails.
    pub async fn checkpoint(&mut self) -> Result<ModelFile> {
        self.read().await?;
        // A finished run has the best weights; it would resume from the last ones.
        let chosen = self.selector.choose_last(&self.learner)?;
        let file = self.checkpoint_of_state().await;
        if let Some(chosen) = chosen {
            self.selector.choose(&self.learner, &chosen)?;
        }
        file
    }

    async fn checkpoint_of_state(&self) -> Result<ModelFile> {
        let mut file = self.model_file().await?;
        let LearnerState { optimizer, scheduler, generator, .. } = self.learner.state()?;
        let rest = Scalars {
            position: self.position,
            sums: self.losses.sums(),
            patience: self.selector.patience(),
            generator: [generator.seed, generator.calls],
            scheduler,
        };
        let (history, samples) = (self.history().to_vec(), self.train_loader().dataset().len());
        checkpoint::write(&mut file, rest, optimizer, self.selector.best(), history, samples).await?;
        Ok(file)
    }
}

//! The automatic checkpoint in the browser's storage: a reload, a crash or a lost device loses
//! nothing.

use super::Session;
use crate::protocol::{DataKind, DataSource, FromWorker};
use kindling::format::ModelFile;
use kindling::train::TrainSpec;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// Storage keys of a checkpoint: its metadata, and its bytes.
const INFO_KEY: &str = "checkpoint";
const CHECKPOINT_KEY: &str = "checkpoint.safetensors";

/// Metadata of a stored checkpoint.
#[derive(Serialize, Deserialize)]
struct AutosaveInfo {
    spec: TrainSpec,
    data: Option<DataSource>,
    /// Name of the data, to recognize files that are chosen again.
    #[serde(default)]
    name: String,
    step: u64,
    epoch: usize,
    saved_at: f64,
}

impl Session {
    /// Reports the checkpoint of an earlier visit, if there is one. Called first.
    pub async fn start(&mut self) {
        let info = match self.host.get(INFO_KEY).await {
            Ok(info) => info,
            Err(reason) => return self.not_stored(reason),
        };
        // The record of another version of the page may be unreadable.
        let info = info.and_then(|bytes| kindling::json::read::<AutosaveInfo>(&String::from_utf8_lossy(&bytes)).ok());
        if let Some(AutosaveInfo { spec, data, name, step, epoch, saved_at }) = info {
            self.say(FromWorker::CheckpointFound { spec, data, name, step, epoch, saved_at });
        }
    }

    /// Refuses to resume a run from files that are gone since a reload.
    ///
    /// # Errors
    /// The loaded data is not the run's.
    pub(super) async fn check_data(&self) -> Result<(), String> {
        let info = self.host.get(INFO_KEY).await?.unwrap_or_default();
        let Ok(AutosaveInfo { data: None, name, .. }) =
            kindling::json::read::<AutosaveInfo>(&String::from_utf8_lossy(&info))
        else {
            return Ok(());
        };
        let is_arriving = self.incoming.is_some();
        let is_same = self.loaded.as_ref().is_some_and(|loaded| {
            matches!(loaded.source.kind, DataKind::Files(_)) && (name.is_empty() || loaded.info.name == name)
        });
        match is_arriving || is_same {
            true => Ok(()),
            false => Err(format!("The run trains on {name}, a file that is gone since the reload: choose it again.")),
        }
    }

    /// Loads the stored checkpoint.
    pub(super) async fn stored_checkpoint(&self) -> Result<ModelFile, String> {
        match self.host.get(CHECKPOINT_KEY).await? {
            Some(bytes) => ModelFile::from_bytes(&bytes, "the automatic checkpoint").map_err(|e| e.to_string()),
            None => Err("There is no automatic checkpoint in this browser to resume.".into()),
        }
    }

    /// Stores a checkpoint of the run.
    pub(super) async fn autosave(&mut self) {
        let now = self.now();
        let Some(run) = &mut self.run else { return };
        run.saved_at = now;
        let file = match run.trainer.checkpoint().await {
            Ok(file) => file,
            Err(error) => return self.handle_error(error).await,
        };
        self.send_results(0.0);
        let Some(run) = &mut self.run else { return };
        let position = run.trainer.position();
        let (id, step) = (run.id, position.step);
        let spec =
            TrainSpec { model: Some(run.trainer.model().spec().clone()), preset: None, ..run.trainer.spec().clone() };
        let bytes = match file.to_bytes() {
            Ok(bytes) => bytes,
            Err(error) => return self.fail(None, error.to_string()),
        };
        run.saved = Some(Rc::new(file));
        let source = self.loaded.as_ref().map(|loaded| loaded.source.clone());
        let name = self.loaded.as_ref().map_or(String::new(), |loaded| loaded.info.name.clone());
        let data = source.filter(|source| !matches!(source.kind, DataKind::Files(_)));
        let info = AutosaveInfo { spec, data, name, step, epoch: position.epoch, saved_at: now };
        let stored = match kindling::json::write(&info) {
            Ok(info) => self.host.put(vec![(INFO_KEY.into(), info.into_bytes()), (CHECKPOINT_KEY.into(), bytes)]).await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(()) => self.say(FromWorker::Checkpointed { run: id, step }),
            Err(reason) => self.not_stored(reason),
        }
    }

    /// Deletes the automatic checkpoint.
    pub(super) async fn delete_checkpoint(&mut self) {
        if let Err(reason) = self.host.delete(vec![INFO_KEY.into(), CHECKPOINT_KEY.into()]).await {
            self.not_stored(reason);
        }
    }

    /// Reports, once, that the storage fails.
    pub fn not_stored(&mut self, reason: String) {
        if !std::mem::replace(&mut self.storage_failure_sent, true) {
            self.say(FromWorker::NotStored { reason });
        }
    }
}

//! The automatic checkpoint: kept in the browser's storage, so that a reload, a crash or a lost device loses nothing.

use super::Session;
use crate::protocol::{DataKind, DataSource, FromWorker};
use kindling::format::ModelFile;
use kindling::train::TrainSpec;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The names that a checkpoint is kept under: what it is, and its bytes.
const ABOUT: &str = "checkpoint";
const BYTES: &str = "checkpoint.safetensors";

/// What is kept beside a checkpoint.
#[derive(Serialize, Deserialize)]
struct About {
    spec: TrainSpec,
    data: Option<DataSource>,
    /// Name of the data; it tells whether files that are chosen again are the same.
    #[serde(default)]
    name: String,
    step: u64,
    epoch: usize,
    saved_at: f64,
}

impl Session {
    /// Looks for a checkpoint of an earlier visit: the first thing that a session does.
    pub async fn start(&mut self) {
        let about = match self.outside.get(ABOUT).await {
            Ok(about) => about,
            Err(reason) => return self.not_stored(reason),
        };
        // What an older version of the page has kept may mean nothing to this one.
        let about = about.and_then(|bytes| kindling::json::read::<About>(&String::from_utf8_lossy(&bytes)).ok());
        if let Some(About { spec, data, name, step, epoch, saved_at }) = about {
            self.say(FromWorker::CheckpointFound { spec, data, name, step, epoch, saved_at });
        }
    }

    /// Refuses to resume a run from files that are gone since a reload.
    ///
    /// # Errors
    /// The data at hand is not the run's.
    pub(super) async fn check_data(&self) -> Result<(), String> {
        let about = self.outside.get(ABOUT).await?.unwrap_or_default();
        let Ok(About { data: None, name, .. }) = kindling::json::read::<About>(&String::from_utf8_lossy(&about)) else {
            return Ok(());
        };
        let is_arriving = self.incoming.is_some();
        let is_same = self.loaded.as_ref().is_some_and(|loaded| {
            matches!(loaded.source.kind, DataKind::Files(_)) && (name.is_empty() || loaded.info.name == name)
        });
        match is_arriving || is_same {
            true => Ok(()),
            false => Err(format!("The run learns from {name}, a file that is gone since the reload: choose it again.")),
        }
    }

    /// The checkpoint that was kept.
    pub(super) async fn kept(&self) -> Result<ModelFile, String> {
        match self.outside.get(BYTES).await? {
            Some(bytes) => ModelFile::from_bytes(&bytes, "the automatic checkpoint").map_err(|e| e.to_string()),
            None => Err("There is no automatic checkpoint in this browser to go on from.".into()),
        }
    }

    /// Keeps a checkpoint of the run as it is.
    pub(super) async fn keep(&mut self) {
        let now = self.now();
        let Some(run) = &mut self.run else { return };
        run.kept_at = now;
        let file = match run.trainer.checkpoint().await {
            Ok(file) => file,
            Err(error) => return self.trouble(error).await,
        };
        self.tell_results(0.0);
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
        let about = About { spec, data, name, step, epoch: position.epoch, saved_at: now };
        let stored = match kindling::json::write(&about) {
            Ok(about) => self.outside.put(vec![(ABOUT.into(), about.into_bytes()), (BYTES.into(), bytes)]).await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(()) => self.say(FromWorker::Checkpointed { run: id, step }),
            Err(reason) => self.not_stored(reason),
        }
    }

    /// Forgets the automatic checkpoint.
    pub(super) async fn forget(&mut self) {
        if let Err(reason) = self.outside.delete(vec![ABOUT.into(), BYTES.into()]).await {
            self.not_stored(reason);
        }
    }

    /// Says, once, that nothing can be kept.
    pub fn not_stored(&mut self, reason: String) {
        if !std::mem::replace(&mut self.told_not_stored, true) {
            self.say(FromWorker::NotStored { reason });
        }
    }
}

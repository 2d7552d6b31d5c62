//! The automatic checkpoint in the browser's storage: a reload, a crash or a lost device loses
//! nothing. Every tab has a separate slot, which it locks while it is open.

use super::data::{Data, Loaded};
use super::page::Page;
use super::run::Run;
use crate::protocol::{DataKind, DataSource, FromWorker};
use kindling::format::ModelFile;
use kindling::train::TrainSpec;
use serde::{Deserialize, Serialize};

/// Storage key of a checkpoint's metadata, before the slot. Checkpoints of older versions of the
/// page, which had one for all tabs, are in the slot with the empty name.
const INFO_KEY: &str = "checkpoint";

/// End of the storage key of a checkpoint's bytes.
const BYTES_SUFFIX: &str = ".safetensors";

/// Maximum number of stored checkpoints of closed tabs; older ones are deleted.
const MAX_SAVED_RUNS: usize = 4;

fn info_key(slot: &str) -> String {
    format!("{INFO_KEY}{slot}")
}

fn bytes_key(slot: &str) -> String {
    format!("{INFO_KEY}{slot}{BYTES_SUFFIX}")
}

fn read_info(bytes: &[u8]) -> Option<AutosaveInfo> {
    kindling::json::read(&String::from_utf8_lossy(bytes)).ok()
}

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

/// Checkpoints in the browser's storage: those of closed tabs, and the slot of this session's.
pub struct Checkpoints {
    page: Page,
    /// Slot of this session's checkpoints, once there is one.
    slot: Option<String>,
}

impl Checkpoints {
    /// Creates a state without a slot.
    pub fn new(page: Page) -> Self {
        Self { page, slot: None }
    }

    /// Reports the checkpoints of closed tabs. Called first.
    pub async fn start(&self) {
        match self.saved_runs().await {
            Ok(saved) => saved.into_iter().for_each(|(slot, info)| self.offer(slot, info)),
            Err(reason) => self.page.report_storage(reason),
        }
    }

    /// Reports the checkpoint of a tab that has been closed since the start. A tab that is reloaded
    /// may be among them: its lock is released after the new page has loaded.
    pub async fn released(&self, lock: &str) {
        let Some(slot) = lock.strip_prefix(INFO_KEY).filter(|slot| self.slot.as_deref() != Some(*slot)) else {
            return;
        };
        match self.page.host().get(lock).await {
            Ok(info) => info.and_then(|info| read_info(&info)).into_iter().for_each(|i| self.offer(slot.to_owned(), i)),
            Err(reason) => self.page.report_storage(reason),
        }
    }

    fn offer(&self, slot: String, info: AutosaveInfo) {
        let AutosaveInfo { spec, data, name, step, epoch, saved_at } = info;
        self.page.say(FromWorker::CheckpointFound { slot, spec, data, name, step, epoch, saved_at });
    }

    /// Returns the checkpoints of closed tabs, the last begun first. Deletes those beyond the
    /// limit.
    async fn saved_runs(&self) -> Result<Vec<(String, AutosaveInfo)>, String> {
        let names = self.page.host().names().await?;
        let slots = names.iter().filter(|name| !name.ends_with(BYTES_SUFFIX)).filter_map(|n| n.strip_prefix(INFO_KEY));
        let held = self.page.host().held().await;
        let mut saved = Vec::new();
        for slot in slots {
            if held.contains(&info_key(slot)) {
                self.page.host().watch(info_key(slot));
                continue;
            }
            // The record of another version of the page may be unreadable.
            if let Some(info) = self.page.host().get(&info_key(slot)).await?.and_then(|bytes| read_info(&bytes)) {
                saved.push((slot.to_owned(), info));
            }
        }
        // Slots are named by the time of their first checkpoint, and names come in order.
        saved.reverse();
        let old = saved.split_off(saved.len().min(MAX_SAVED_RUNS));
        self.page.host().delete(old.iter().flat_map(|(slot, _)| [info_key(slot), bytes_key(slot)]).collect()).await?;
        Ok(saved)
    }

    /// Refuses to resume a run from files that are gone since a reload.
    ///
    /// # Errors
    /// The loaded data is not the run's.
    pub async fn check_data(&self, slot: &str, data: &Data) -> Result<(), String> {
        let info = self.page.host().get(&info_key(slot)).await?.unwrap_or_default();
        let Some(AutosaveInfo { data: None, name, .. }) = read_info(&info) else { return Ok(()) };
        let is_arriving = data.loading().is_some();
        let is_same = data.loaded().is_some_and(|loaded| {
            matches!(loaded.source.kind, DataKind::Files(_)) && (name.is_empty() || loaded.info.name == name)
        });
        match is_arriving || is_same {
            true => Ok(()),
            false => Err(format!("The run trains on {name}, a file that is gone since the reload: choose it again.")),
        }
    }

    /// Loads the checkpoint of a slot.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn load(&self, slot: &str) -> Result<ModelFile, String> {
        match self.page.host().get(&bytes_key(slot)).await? {
            Some(bytes) => ModelFile::from_bytes(&bytes, "the automatic checkpoint").map_err(|e| e.to_string()),
            None => Err("There is no automatic checkpoint in this browser to resume.".into()),
        }
    }

    /// Uses a slot for this session's checkpoints from now on.
    pub fn use_slot(&mut self, slot: String) {
        self.page.host().hold(info_key(&slot));
        self.slot = Some(slot);
    }

    /// Returns the slot of this session's checkpoints: a new one, or that of the resumed run.
    fn slot(&mut self, now: f64) -> String {
        if self.slot.is_none() {
            self.use_slot(format!("-{now}"));
        }
        self.slot.clone().unwrap_or_default()
    }

    /// Stores a checkpoint of a run.
    pub async fn store(&mut self, run: &Run, file: &ModelFile) {
        let now = self.page.now();
        let bytes = match file.to_bytes() {
            Ok(bytes) => bytes,
            Err(error) => return self.page.fail(None, error.to_string()),
        };
        let position = run.trainer().position();
        let Loaded { info, source, .. } = run.data();
        let (epoch, step) = (position.epoch, position.step);
        let info = AutosaveInfo {
            spec: run.spec(),
            data: (!matches!(source.kind, DataKind::Files(_))).then(|| source.clone()),
            name: info.name.clone(),
            step,
            epoch,
            saved_at: now,
        };
        let slot = self.slot(now);
        let stored = match kindling::json::write(&info) {
            Ok(info) => {
                self.page.host().put(vec![(info_key(&slot), info.into_bytes()), (bytes_key(&slot), bytes)]).await
            }
            Err(error) => Err(error),
        };
        match stored {
            Ok(()) => self.page.say(FromWorker::Checkpointed { run: run.id(), slot, step }),
            Err(reason) => self.page.report_storage(reason),
        }
    }

    /// Deletes the checkpoint of a slot.
    pub async fn delete(&self, slot: &str) {
        if let Err(reason) = self.page.host().delete(vec![info_key(slot), bytes_key(slot)]).await {
            self.page.report_storage(reason);
        }
    }
}

//! The stored runs of this browser, shared by its tabs: every change is applied to the stored runs,
//! not to a tab's copy, so that no tab erases another's runs.

use super::run::Curves;
use crate::ui::browser::StorageItem;
use kindling::train::TrainSpec;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Storage of the runs.
const STORAGE: StorageItem = StorageItem("kindling.runs");

/// Maximum number of stored runs.
const MAX_RUNS: usize = 100;

/// A stored run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Number, unique among the stored runs.
    pub number: u32,
    /// Name of the run.
    pub name: String,
    /// Name of the data set.
    pub data: String,
    /// Settings of the run.
    pub spec: TrainSpec,
    /// Name of its device.
    pub device: String,
    /// Number of parameters of its model.
    pub parameters: usize,
    /// Start time, in milliseconds since 1970.
    pub began: f64,
    /// Curves, thinned.
    pub curves: Curves,
    /// Number of finished epochs.
    pub epochs: usize,
}

impl Record {
    /// Returns the last accuracy of an evaluation.
    pub fn test_accuracy(&self) -> Option<f64> {
        self.curves.test_accuracy.last().map(|point| point.1)
    }

    /// Returns the last loss of an evaluation.
    pub fn test_loss(&self) -> Option<f64> {
        self.curves.test_loss.last().map(|point| point.1)
    }

    /// Returns the last training loss.
    pub fn train_loss(&self) -> Option<f64> {
        self.curves.loss.last().map(|point| point.1)
    }
}

/// The stored runs as a signal that follows other tabs.
#[derive(Clone, Copy)]
pub struct Records {
    all: RwSignal<Vec<Record>>,
    deleted: RwSignal<Option<Record>>,
}

impl Records {
    /// Reads the stored runs, and again whenever another tab changes them.
    pub fn new() -> Self {
        let records = Self { all: RwSignal::new(stored().unwrap_or_default()), deleted: RwSignal::new(None) };
        let listener = window_event_listener(leptos::ev::storage, move |event| {
            if event.key().is_none_or(|key| key == STORAGE.0)
                && let Some(stored) = stored()
            {
                records.all.set(stored);
            }
        });
        on_cleanup(move || listener.remove());
        records
    }

    /// Passes the runs, oldest first, to `read`, and tracks them.
    pub fn with<T>(&self, read: impl FnOnce(&Vec<Record>) -> T) -> T {
        self.all.with(read)
    }

    /// Passes the runs to `read` without tracking them.
    pub fn with_untracked<T>(&self, read: impl FnOnce(&Vec<Record>) -> T) -> T {
        self.all.with_untracked(read)
    }

    /// Appends a run under the next free number, which is returned.
    pub fn add(&self, mut record: Record) -> u32 {
        self.edit(|all| {
            record.number = all.iter().map(|record| record.number).max().unwrap_or(0) + 1;
            record.name = format!("{} · {}", record.number, record.name);
            let number = record.number;
            all.push(record);
            let surplus = all.len().saturating_sub(MAX_RUNS);
            all.drain(..surplus);
            number
        })
    }

    /// Changes the run of this number, if it is still stored.
    pub fn change(&self, number: u32, change: impl FnOnce(&mut Record)) {
        self.edit(|all| {
            if let Some(record) = all.iter_mut().find(|record| record.number == number) {
                change(record);
            }
        });
    }

    /// Deletes the run of this number; [`Records::undelete`] restores the last one.
    pub fn delete(&self, number: u32) {
        self.deleted.set(self.remove(number, |_| true));
    }

    /// Deletes the run of this number permanently if its curves are empty: it was reset before its
    /// first step.
    pub fn delete_if_empty(&self, number: u32) {
        let _ = self.remove(number, |record| record.curves.loss.is_empty() && record.curves.test_loss.is_empty());
    }

    fn remove(&self, number: u32, condition: impl Fn(&Record) -> bool) -> Option<Record> {
        self.edit(|all| {
            let index = all.iter().position(|record| record.number == number && condition(record))?;
            Some(all.remove(index))
        })
    }

    /// Returns the run that was deleted last, if it can be restored.
    pub fn deleted(&self) -> Option<Record> {
        self.deleted.get()
    }

    /// Restores the run that was deleted last.
    pub fn undelete(&self) {
        if let Some(record) = self.deleted.try_update(Option::take).flatten() {
            self.edit(|all| {
                let index = all.partition_point(|other| other.number < record.number);
                all.insert(index, record);
            });
        }
    }

    /// Changes the stored runs. Without storage (a private window) they last as long as the tab; if
    /// the storage is full, the oldest are dropped.
    fn edit<T>(&self, change: impl FnOnce(&mut Vec<Record>) -> T) -> T {
        let mut all = stored().unwrap_or_else(|| self.all.get_untracked());
        let result = change(&mut all);
        self.all.set(all.clone());
        while let Ok(text) = kindling::json::write(&all) {
            if STORAGE.write(&text) || all.is_empty() {
                break;
            }
            all.remove(0);
        }
        result
    }
}

fn stored() -> Option<Vec<Record>> {
    STORAGE.read().and_then(|text| kindling::json::read(&text).ok())
}

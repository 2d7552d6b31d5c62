//! The runs of this browser. All its tabs share them: every change is made to what is stored, not
//! to what a tab remembers, so that no tab erases another's runs.

use super::run::Curves;
use crate::ui::browser::Kept;
use kindling::train::TrainSpec;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Key in the browser's storage.
const KEY: Kept = Kept("kindling.runs");

/// Largest number of stored runs.
const MAX_RUNS: usize = 100;

/// A run as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Number, unique among the stored runs.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// The data set's name.
    pub data: String,
    /// Its settings.
    pub spec: TrainSpec,
    /// What it ran on.
    pub device: String,
    /// How many parameters its model has.
    pub parameters: usize,
    /// When it began: milliseconds since 1970.
    pub began: f64,
    /// Curves, thinned.
    pub curves: Curves,
    /// Epochs that have ended.
    pub epochs: usize,
}

impl Record {
    /// The last accuracy on the test set.
    pub fn test_accuracy(&self) -> Option<f64> {
        self.curves.test_accuracy.last().map(|point| point.1)
    }

    /// The last loss on the test set.
    pub fn test_loss(&self) -> Option<f64> {
        self.curves.test_loss.last().map(|point| point.1)
    }

    /// The last loss in training.
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
            if event.key().is_none_or(|key| key == KEY.0)
                && let Some(stored) = stored()
            {
                records.all.set(stored);
            }
        });
        on_cleanup(move || listener.remove());
        records
    }

    /// Lends the runs, oldest first, and tracks them.
    pub fn with<T>(&self, use_them: impl FnOnce(&Vec<Record>) -> T) -> T {
        self.all.with(use_them)
    }

    /// Lends the runs without tracking them.
    pub fn with_untracked<T>(&self, use_them: impl FnOnce(&Vec<Record>) -> T) -> T {
        self.all.with_untracked(use_them)
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

    /// Deletes the run of this number. [`Records::undelete`] brings the last one back.
    pub fn delete(&self, number: u32) {
        self.deleted.set(self.remove(number, |_| true));
    }

    /// Deletes the run of this number for good if it has no point of a curve: it was reset before
    /// it learned anything.
    pub fn delete_if_empty(&self, number: u32) {
        let _ = self.remove(number, |record| record.curves.loss.is_empty() && record.curves.test_loss.is_empty());
    }

    fn remove(&self, number: u32, condition: impl Fn(&Record) -> bool) -> Option<Record> {
        self.edit(|all| {
            let index = all.iter().position(|record| record.number == number && condition(record))?;
            Some(all.remove(index))
        })
    }

    /// The run that was deleted last, if it can be brought back.
    pub fn deleted(&self) -> Option<Record> {
        self.deleted.get()
    }

    /// Brings the run that was deleted last back.
    pub fn undelete(&self) {
        if let Some(record) = self.deleted.try_update(Option::take).flatten() {
            self.edit(|all| {
                let index = all.partition_point(|other| other.number < record.number);
                all.insert(index, record);
            });
        }
    }

    /// Changes what is stored. Without storage (a private window) the runs last as long as the tab;
    /// where there is no room, the oldest are left out.
    fn edit<T>(&self, change: impl FnOnce(&mut Vec<Record>) -> T) -> T {
        let mut all = stored().unwrap_or_else(|| self.all.get_untracked());
        let result = change(&mut all);
        self.all.set(all.clone());
        while let Ok(text) = kindling::json::write(&all) {
            if KEY.write(&text) || all.is_empty() {
                break;
            }
            all.remove(0);
        }
        result
    }
}

fn stored() -> Option<Vec<Record>> {
    KEY.read().and_then(|text| kindling::json::read(&text).ok())
}

//! Settings of a run and their changes, which its record lists.

use crate::train::{DataSpec, EarlierSettings, TrainSpec};

pub(super) struct Settings {
    spec: TrainSpec,
    earlier: Vec<EarlierSettings>,
}

impl Settings {
    pub fn new(spec: TrainSpec) -> Self {
        Self { spec, earlier: Vec::new() }
    }

    pub fn spec(&self) -> &TrainSpec {
        &self.spec
    }

    /// Returns the settings before each change, oldest first.
    pub fn earlier(&self) -> &[EarlierSettings] {
        &self.earlier
    }

    /// Continues the record of the checkpoint's run.
    pub fn resume(&mut self, earlier: Vec<EarlierSettings>) {
        self.earlier = earlier;
    }

    /// Replaces settings that have no effect on the steps so far.
    pub fn replace(&mut self, spec: TrainSpec) {
        self.spec = spec;
    }

    /// Changes settings after step `step`, and records the former ones.
    pub fn change(&mut self, spec: TrainSpec, step: u64) {
        let before = std::mem::replace(&mut self.spec, spec);
        self.record_change(&before, step);
    }

    /// Records that other settings applied until step `step`.
    pub fn record_change(&mut self, before: &TrainSpec, step: u64) {
        let data = |spec: &TrainSpec| DataSpec { path: None, ..spec.data.clone() };
        let settings = TrainSpec {
            // Settings without effect on the past, and the model, which cannot change.
            epochs: self.spec.epochs,
            early_stopping: self.spec.early_stopping.clone(),
            keep: self.spec.keep,
            model: self.spec.model.clone(),
            preset: self.spec.preset.clone(),
            data: data(before),
            ..before.clone()
        };
        let now = TrainSpec { data: data(&self.spec), ..self.spec.clone() };
        if settings != now && self.earlier.last().map_or(0, |earlier| earlier.until_step) < step {
            let settings = TrainSpec { model: None, preset: None, ..before.clone() };
            self.earlier.push(EarlierSettings { until_step: step, settings });
        }
    }
}

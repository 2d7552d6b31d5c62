//! The draft: model and settings of the next run. Blocks and text are two views of one model.
//! Changes of the model can be undone; the draft is stored in this browser as it changes.

use crate::protocol::{DataInfo, DataSource, DeviceChoice};
use crate::ui::browser::StorageItem;
use crate::ui::model::memory::Memory;
use crate::ui::settings::Settings;
use kindling::train::model::{PRESETS, Summary, TextError, preset};
use kindling::train::{ModelSpec, TrainSpec};
use leptos::prelude::*;

/// Storage of the draft.
const STORAGE: StorageItem = StorageItem("kindling.draft");
/// Maximum number of changes that can be undone.
const MAX_UNDO: usize = 200;

/// The draft.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Settings of training, without the model, which is [`Draft::model`].
    pub spec: RwSignal<TrainSpec>,
    /// The model.
    pub model: RwSignal<ModelSpec>,
    /// The model as text, as typed.
    pub text: RwSignal<String>,
    /// Error of the text; the model is then that of the last valid text.
    pub text_error: RwSignal<Option<TextError>>,
    /// Source of the data.
    pub source: RwSignal<DataSource>,
    /// Device of new runs.
    pub device: RwSignal<DeviceChoice>,
    /// Shapes and parameters of the layers.
    pub summary: Memo<Summary>,
    /// Shape of the data's samples, and number of classes.
    target: RwSignal<(Vec<usize>, usize)>,
    undo_stack: RwSignal<Vec<ModelSpec>>,
    redo_stack: RwSignal<Vec<ModelSpec>>,
}

impl Draft {
    /// Restores the draft of a share link, else the stored one, else the initial one. Also returns
    /// the error of the link.
    pub fn start(hash: &str) -> (Self, Option<String>) {
        let stored = || STORAGE.read().and_then(|text| kindling::json::read(&text).ok()).unwrap_or_default();
        let (settings, error): (Settings, _) = match hash.trim_start_matches('#') {
            "" => (stored(), None),
            hash => match Settings::from_hash(hash) {
                Ok(settings) => (settings, None),
                Err(reason) => (stored(), Some(reason)),
            },
        };
        let model = settings.model();
        let target = (model.input.clone(), classes_of(&model).unwrap_or(10));
        let text = model.to_text();
        let model = RwSignal::new(model);
        let mut spec = settings.spec;
        (spec.model, spec.preset) = (None, None);
        let draft = Self {
            spec: RwSignal::new(spec),
            model,
            text: RwSignal::new(text),
            text_error: RwSignal::new(None),
            source: RwSignal::new(settings.source),
            device: RwSignal::new(settings.device),
            summary: Memo::new(move |_| model.with(ModelSpec::summary)),
            target: RwSignal::new(target),
            undo_stack: RwSignal::new(Vec::new()),
            redo_stack: RwSignal::new(Vec::new()),
        };
        Effect::new(move |_| {
            if let Ok(text) = kindling::json::write(&draft.settings()) {
                STORAGE.write(&text);
            }
        });
        (draft, error)
    }

    /// Returns the draft as one value.
    pub fn settings(&self) -> Settings {
        Settings { source: self.source.get(), spec: self.run_spec(), device: self.device.get() }
    }

    /// Returns the specification of a run.
    pub fn run_spec(&self) -> TrainSpec {
        let mut spec = self.spec.get();
        spec.model = Some(self.model.get());
        spec.data.name = self.source.with(|source| source.kind.name().to_owned());
        spec
    }

    /// Adopts settings; the change of the model can be undone.
    pub fn adopt(&self, mut spec: TrainSpec) {
        if let Some(model) = spec.model.take() {
            self.replace(model);
        }
        spec.preset = None;
        self.spec.set(spec);
    }

    /// Changes the model from the blocks; the text follows.
    pub fn edit(&self, change: impl FnOnce(&mut ModelSpec)) {
        let mut model = self.model.get_untracked();
        change(&mut model);
        self.replace(model);
    }

    /// Replaces the model; the text follows.
    pub fn replace(&self, model: ModelSpec) {
        if self.model.with_untracked(|now| *now == model) {
            return;
        }
        self.record_undo();
        self.set_model(model);
    }

    /// Changes the model from the text. An invalid text leaves the model unchanged.
    pub fn typed(&self, text: String) {
        match ModelSpec::parse(&text) {
            Ok(parsed) => {
                self.text_error.set(None);
                if self.model.with_untracked(|model| model.layers != parsed.layers) {
                    self.record_undo();
                    self.model.update(|model| model.layers = parsed.layers);
                }
            }
            Err(error) => self.text_error.set(Some(error)),
        }
        self.text.set(text);
    }

    /// Undoes the last change.
    pub fn undo(&self) {
        self.swap(self.undo_stack, self.redo_stack);
    }

    /// Redoes the last undone change.
    pub fn redo(&self) {
        self.swap(self.redo_stack, self.undo_stack);
    }

    /// Returns `true` for each of undo and redo that is possible.
    pub fn can_undo_redo(&self) -> [bool; 2] {
        [self.undo_stack.with(|list| !list.is_empty()), self.redo_stack.with(|list| !list.is_empty())]
    }

    fn swap(&self, from: RwSignal<Vec<ModelSpec>>, to: RwSignal<Vec<ModelSpec>>) {
        if let Some(model) = from.try_update(Vec::pop).flatten() {
            to.update(|list| list.push(self.model.get_untracked()));
            self.set_model(model);
        }
    }

    fn record_undo(&self) {
        let model = self.model.get_untracked();
        self.undo_stack.update(|list| {
            if list.len() == MAX_UNDO {
                list.remove(0);
            }
            list.push(model);
        });
        self.redo_stack.update(Vec::clear);
    }

    fn set_model(&self, model: ModelSpec) {
        self.text.set(model.to_text());
        self.text_error.set(None);
        self.model.set(model);
    }

    /// Replaces the model by a preset, built for the loaded data.
    ///
    /// # Errors
    /// The images are too small for it.
    pub fn choose_preset(&self, name: &str) -> Result<(), String> {
        let (shape, classes) = self.target.get_untracked();
        let model = preset(name, &shape, classes).map_err(|error| error.to_string())?;
        self.replace(model);
        Ok(())
    }

    /// Returns the preset that the model is, if it is unchanged.
    pub fn preset(&self) -> Option<&'static str> {
        let (shape, classes) = self.target.get();
        self.model.with(|model| {
            let same = |name: &str| preset(name, &shape, classes).is_ok_and(|preset| preset.layers == model.layers);
            PRESETS.iter().map(|preset| preset.name).find(|name| *name == model.name && same(name))
        })
    }

    /// Returns the number of classes of the data.
    pub fn classes(&self) -> usize {
        self.target.with(|(_, classes)| *classes)
    }

    /// Estimates the memory for training the model.
    pub fn memory(&self) -> Memory {
        self.spec.with(|spec| self.summary.with(|summary| Memory::estimate(summary, &spec.optimizer, spec.batch_size)))
    }

    /// Returns the first mismatch: of a layer's shape, or of the model's output and the classes.
    pub fn mismatch(&self) -> Option<String> {
        if let Some(error) = self.text_error.get() {
            return Some(format!("line {}: {}", error.line, error.why));
        }
        let classes = self.classes();
        self.summary.with(|summary| match (&summary.error, summary.output.as_deref()) {
            (Some(error), _) => Some(error.clone()),
            (None, Some([outputs])) if *outputs == classes => None,
            (None, Some(output)) => {
                let shape = crate::ui::numbers::shape(output);
                Some(format!("the output of the model has shape {shape}, the data has {classes} classes"))
            }
            (None, None) => Some("the model has no layers".into()),
        })
    }

    /// Returns a perceptron for the rows of a table, if the model is one of images.
    pub fn for_rows(&self) -> Option<ModelSpec> {
        let (shape, outputs) = self.target.get();
        let is_for_images = self.model.with(|model| model.fitted().summary().error.is_some());
        (shape.len() == 1 && is_for_images).then(|| preset("mlp", &shape, outputs).ok()).flatten()
    }

    /// Returns the model with all sizes fitted, including the output of the last linear layer.
    pub fn fitted(&self) -> ModelSpec {
        let mut fitted = self.model.with(ModelSpec::fitted);
        let classes = self.classes();
        if let Some(last) = fitted.layers.last_mut()
            && let kindling::train::model::Kind::Linear(linear) = &mut last.kind
        {
            linear.out_features = classes;
        }
        fitted
    }

    /// Adapts to other data: an unchanged preset is rebuilt for it; another model gets the new
    /// input shape, and layers that no longer fit are marked.
    pub fn data_changed(&self, info: &DataInfo) {
        // Without classes the model has one output.
        let target = (info.shape.clone(), info.classes.len().max(1));
        if self.target.with_untracked(|now| *now == target) {
            return;
        }
        let preset = untrack(|| self.preset());
        self.target.set(target);
        match preset {
            Some(name) if self.choose_preset(name).is_ok() => {}
            _ => self.edit(|model| model.input.clone_from(&info.shape)),
        }
    }
}

/// Returns the number of outputs of a model.
fn classes_of(model: &ModelSpec) -> Option<usize> {
    match model.summary().output.as_deref() {
        Some([classes]) => Some(*classes),
        _ => None,
    }
}

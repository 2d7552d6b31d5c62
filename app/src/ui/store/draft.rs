//! What a person is choosing: model and settings before they are trained with. Blocks and text are
//! two views of one model; every change can be undone; all of it is kept in this browser as it
//! changes.

use crate::protocol::{DataInfo, DataSource, DeviceChoice};
use crate::ui::browser::Kept;
use crate::ui::model::memory::Memory;
use crate::ui::settings::Settings;
use kindling::train::model::{PRESETS, Summary, TextError, preset};
use kindling::train::{ModelSpec, TrainSpec};
use leptos::prelude::*;

/// Where the draft is kept.
const KEY: Kept = Kept("kindling.draft");
/// Changes that can be undone.
const MOST_UNDO: usize = 200;

/// The draft.
#[derive(Clone, Copy)]
pub struct Draft {
    /// The settings; the model stands in [`Draft::model`].
    pub spec: RwSignal<TrainSpec>,
    /// The model.
    pub model: RwSignal<ModelSpec>,
    /// The model as text, as it was typed.
    pub text: RwSignal<String>,
    /// What is wrong with the text; the model is then the last one that could be read.
    pub text_error: RwSignal<Option<TextError>>,
    /// Where data comes from.
    pub source: RwSignal<DataSource>,
    /// Where it computes.
    pub device: RwSignal<DeviceChoice>,
    /// Shapes and parameters.
    pub summary: Memo<Summary>,
    /// The pictures' shape and the number of classes that the model is for.
    target: RwSignal<(Vec<usize>, usize)>,
    undone: RwSignal<Vec<ModelSpec>>,
    redone: RwSignal<Vec<ModelSpec>>,
}

impl Draft {
    /// From a share link, or as it was left, or as on a first visit; and what is wrong with the
    /// link.
    pub fn start(hash: &str) -> (Self, Option<String>) {
        let kept = || KEY.read().and_then(|text| kindling::json::read(&text).ok()).unwrap_or_default();
        let (settings, wrong): (Settings, _) = match hash.trim_start_matches('#') {
            "" => (kept(), None),
            hash => match Settings::from_hash(hash) {
                Ok(settings) => (settings, None),
                Err(reason) => (kept(), Some(reason)),
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
            undone: RwSignal::new(Vec::new()),
            redone: RwSignal::new(Vec::new()),
        };
        Effect::new(move |_| {
            if let Ok(text) = kindling::json::write(&draft.settings()) {
                KEY.write(&text);
            }
        });
        (draft, wrong)
    }

    /// All of it as one value.
    pub fn settings(&self) -> Settings {
        Settings { source: self.source.get(), spec: self.run_spec(), device: self.device.get() }
    }

    /// The specification of a run.
    pub fn run_spec(&self) -> TrainSpec {
        let mut spec = self.spec.get();
        spec.model = Some(self.model.get());
        spec.data.name = self.source.with(|source| source.kind.name().to_owned());
        spec
    }

    /// Takes over settings, which can be undone as far as the model goes.
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

    /// Puts another model in place; the text follows.
    pub fn replace(&self, model: ModelSpec) {
        if self.model.with_untracked(|now| *now == model) {
            return;
        }
        self.remember();
        self.show(model);
    }

    /// Changes the model from the text. A text that cannot be read leaves the model as it was.
    pub fn typed(&self, text: String) {
        match ModelSpec::parse(&text) {
            Ok(parsed) => {
                self.text_error.set(None);
                if self.model.with_untracked(|model| model.layers != parsed.layers) {
                    self.remember();
                    self.model.update(|model| model.layers = parsed.layers);
                }
            }
            Err(error) => self.text_error.set(Some(error)),
        }
        self.text.set(text);
    }

    /// Takes the last change back.
    pub fn undo(&self) {
        self.swap(self.undone, self.redone);
    }

    /// Makes the last change that was taken back again.
    pub fn redo(&self) {
        self.swap(self.redone, self.undone);
    }

    /// Whether there is something to undo, and to redo.
    pub fn can(&self) -> [bool; 2] {
        [self.undone.with(|list| !list.is_empty()), self.redone.with(|list| !list.is_empty())]
    }

    fn swap(&self, from: RwSignal<Vec<ModelSpec>>, to: RwSignal<Vec<ModelSpec>>) {
        if let Some(model) = from.try_update(Vec::pop).flatten() {
            to.update(|list| list.push(self.model.get_untracked()));
            self.show(model);
        }
    }

    fn remember(&self) {
        let model = self.model.get_untracked();
        self.undone.update(|list| {
            if list.len() == MOST_UNDO {
                list.remove(0);
            }
            list.push(model);
        });
        self.redone.update(Vec::clear);
    }

    fn show(&self, model: ModelSpec) {
        self.text.set(model.to_text());
        self.text_error.set(None);
        self.model.set(model);
    }

    /// Puts a preset's model in place, for the data that is there.
    ///
    /// # Errors
    /// The pictures are too small for it.
    pub fn choose_preset(&self, name: &str) -> Result<(), String> {
        let (shape, classes) = self.target.get_untracked();
        let model = preset(name, &shape, classes).map_err(|error| error.to_string())?;
        self.replace(model);
        Ok(())
    }

    /// The preset that the model is, as it stands.
    pub fn preset(&self) -> Option<&'static str> {
        let (shape, classes) = self.target.get();
        self.model.with(|model| {
            let same = |name: &str| preset(name, &shape, classes).is_ok_and(|preset| preset.layers == model.layers);
            PRESETS.iter().map(|preset| preset.name).find(|name| *name == model.name && same(name))
        })
    }

    /// The number of classes that the model is for.
    pub fn classes(&self) -> usize {
        self.target.with(|(_, classes)| *classes)
    }

    /// Memory that training the model takes, estimated.
    pub fn memory(&self) -> Memory {
        self.spec.with(|spec| self.summary.with(|summary| Memory::estimate(summary, &spec.optimizer, spec.batch_size)))
    }

    /// What does not fit: a layer, or the model's result and the classes.
    pub fn misfit(&self) -> Option<String> {
        if let Some(error) = self.text_error.get() {
            return Some(format!("line {}: {}", error.line, error.why));
        }
        let classes = self.classes();
        self.summary.with(|summary| match (&summary.error, summary.output.as_deref()) {
            (Some(error), _) => Some(error.clone()),
            (None, Some([outputs])) if *outputs == classes => None,
            (None, Some(output)) => {
                let shape = crate::ui::numbers::shape(output);
                Some(format!("the model gives {shape}, the data has {classes} classes"))
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

    /// The model with everything set to what it must be, the last linear layer among it.
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

    /// Other data is there: a preset as it stands is built anew for it; another model is told its
    /// new input, and whatever does not fit any more says so.
    pub fn data_changed(&self, info: &DataInfo) {
        // Without classes, one number is predicted.
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

/// What the last layer of a model gives.
fn classes_of(model: &ModelSpec) -> Option<usize> {
    match model.summary().output.as_deref() {
        Some([classes]) => Some(*classes),
        _ => None,
    }
}

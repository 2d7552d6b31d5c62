//! The settings of training. Those that can change during a run are sent to it at once.

use super::optimizer::OptimizerFields;
use super::schedule::ScheduleFields;
use crate::protocol::{DeviceChoice, LiveChange};
use crate::ui::pieces::{Check, Choice, NumberField};
use crate::ui::store::Store;
use kindling::train::{EarlyStopping, LossSpec, TrainSpec};
use leptos::prelude::*;

/// The fields.
#[component]
pub fn Settings(store: Store) -> impl IntoView {
    let spec = store.draft.spec;
    let of = move |get: fn(&TrainSpec) -> f64| Signal::derive(move || spec.with(get));
    let change = move |set: fn(&mut TrainSpec, f64), live: Option<fn(f64) -> LiveChange>| {
        Callback::new(move |value: f64| {
            spec.update(|spec| set(spec, value));
            if let Some(live) = live {
                store.change(live(value));
            }
        })
    };
    view! {
        <div class="settings">
            <div class="fields">
                <OptimizerFields store />
            </div>
            <div class="fields">
                <NumberField
                    label="Batch size"
                    hint="Samples per step. A change takes effect in the next epoch."
                    whole=true
                    min=1.0
                    value=of(|spec| spec.batch_size as f64)
                    on_change=change(|s, v| s.batch_size = v as usize, Some(|v| LiveChange::BatchSize(v as usize)))
                />
                <NumberField
                    label="Epochs"
                    hint="Passes over the training set."
                    whole=true
                    min=1.0
                    value=of(|spec| spec.epochs as f64)
                    on_change=change(|s, v| s.epochs = v as usize, Some(|v| LiveChange::Epochs(v as usize)))
                />
                <NumberField
                    label="Evaluate every"
                    hint="Epochs between evaluations on the validation or test set."
                    whole=true
                    min=1.0
                    value=of(|spec| spec.evaluate_every as f64)
                    on_change=change(
                        |s, v| s.evaluate_every = v as usize,
                        Some(|v| LiveChange::EvaluateEvery(v as usize)),
                    )
                />
                <NumberField
                    label="Seed"
                    hint="Seed of the random numbers: the same seed gives the same run."
                    whole=true
                    value=of(|spec| spec.seed as f64)
                    on_change=change(|s, v| s.seed = v as u64, None)
                />
            </div>
            <details class="more-settings">
                <summary>"Schedule, loss, device"</summary>
                <div class="fields">
                    <ScheduleFields store />
                </div>
                <div class="fields">
                    <LossFields spec />
                    <ClipField spec />
                    <EarlyStoppingField spec />
                </div>
                <div class="fields">
                    <DeviceField store />
                </div>
            </details>
        </div>
    }
}

#[component]
fn LossFields(spec: RwSignal<TrainSpec>) -> impl IntoView {
    let name = Signal::derive(move || {
        let name = spec.with(|spec| match spec.loss {
            LossSpec::CrossEntropy { .. } => "cross_entropy",
            LossSpec::Mse {} => "mse",
            LossSpec::L1 {} => "l1",
            LossSpec::SmoothL1 { .. } => "smooth_l1",
            LossSpec::Huber { .. } => "huber",
        });
        name.to_owned()
    });
    let options = [
        ("cross_entropy", "Cross-entropy"),
        ("mse", "Mean squared error"),
        ("l1", "Mean absolute error"),
        ("smooth_l1", "Smooth L1"),
        ("huber", "Huber"),
    ];
    let choose = move |name: String| {
        let loss = match name.as_str() {
            "mse" => LossSpec::Mse {},
            "l1" => LossSpec::L1 {},
            "smooth_l1" => LossSpec::SmoothL1 { beta: 1.0 },
            "huber" => LossSpec::Huber { delta: 1.0 },
            _ => LossSpec::default(),
        };
        spec.update(|spec| spec.loss = loss);
    };
    let smoothing = Signal::derive(move || {
        spec.with(|spec| match spec.loss {
            LossSpec::CrossEntropy { label_smoothing } => label_smoothing,
            _ => 0.0,
        })
    });
    view! {
        <Choice
            label="Loss"
            hint="Loss function. Mean absolute error, smooth L1 and Huber are for regression."
            options=options.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
            value=name
            on_change=Callback::new(choose)
        />
        <Show when=move || name.get() == "cross_entropy">
            <NumberField
                label="Label smoothing"
                hint="Fraction of the target probability spread over all classes, 0 to 1."
                value=smoothing
                on_change=Callback::new(move |value: f64| {
                    spec.update(|spec| spec.loss = LossSpec::CrossEntropy { label_smoothing: value.min(1.0) });
                })
            />
        </Show>
    }
}

#[component]
fn ClipField(spec: RwSignal<TrainSpec>) -> impl IntoView {
    view! {
        <NumberField
            label="Gradient clipping"
            hint="Maximum norm of the gradients; 0 disables clipping."
            value=Signal::derive(move || spec.with(|spec| spec.clip_grad_norm.unwrap_or(0.0)))
            on_change=Callback::new(move |value: f64| {
                spec.update(|spec| spec.clip_grad_norm = Some(value).filter(|norm| *norm > 0.0));
            })
        />
    }
}

#[component]
fn EarlyStoppingField(spec: RwSignal<TrainSpec>) -> impl IntoView {
    let patience = Signal::derive(move || {
        spec.with(|spec| spec.early_stopping.as_ref().map_or(0.0, |stopping| stopping.patience as f64))
    });
    view! {
        <Check
            label="Early stopping"
            hint="Stop when the evaluation loss stops improving."
            checked=Signal::derive(move || spec.with(|spec| spec.early_stopping.is_some()))
            on_change=Callback::new(move |on: bool| {
                spec.update(|spec| spec.early_stopping = on.then_some(EarlyStopping { patience: 3, min_delta: 0.0 }));
            })
        />
        <Show when=move || spec.with(|spec| spec.early_stopping.is_some())>
            <NumberField
                label="Patience"
                hint="Evaluations without improvement before stopping."
                whole=true
                min=1.0
                value=patience
                on_change=Callback::new(move |value: f64| {
                    spec.update(|spec| {
                        spec.early_stopping = Some(EarlyStopping { patience: value as usize, min_delta: 0.0 });
                    });
                })
            />
        </Show>
    }
}

/// Device of new runs.
#[component]
pub fn DeviceField(store: Store) -> impl IntoView {
    let options = [("best", "fastest"), ("gpu", "WebGPU"), ("cpu", "CPU")];
    let value = Signal::derive(move || {
        let name = match store.draft.device.get() {
            DeviceChoice::Best => "best",
            DeviceChoice::Gpu => "gpu",
            DeviceChoice::Cpu => "cpu",
        };
        name.to_owned()
    });
    let choose = move |name: String| {
        store.use_device(match name.as_str() {
            "gpu" => DeviceChoice::Gpu,
            "cpu" => DeviceChoice::Cpu,
            _ => DeviceChoice::Best,
        });
    };
    view! {
        <Choice
            label="Device"
            hint="Device of new runs."
            options=options.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
            value
            on_change=Callback::new(choose)
        />
    }
}

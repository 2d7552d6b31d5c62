//! The optimizer and its hyper-parameters. They come from the engine's own data, so that every
//! optimizer has its fields.

use crate::protocol::LiveChange;
use crate::ui::pieces::{Check, Choice, NumberField};
use crate::ui::settings::starting_optimizer;
use crate::ui::store::Store;
use kindling::optim::OptimizerSpec;
use leptos::prelude::*;
use serde_json::{Map, Value};

/// Explanation of each hyper-parameter; those not listed keep PyTorch's defaults.
const HINTS: &[(&str, &str, &str)] = &[
    ("lr", "lr", "Learning rate. It can be changed during training."),
    ("momentum", "momentum", "Momentum factor. It can be changed during training."),
    ("weight_decay", "weight decay", "Weight decay coefficient. It can be changed during training."),
    ("nesterov", "Nesterov", "Nesterov momentum."),
    ("alpha", "alpha", "Smoothing constant of the squared-gradient average."),
    ("rho", "rho", "Smoothing constant of the squared-gradient average."),
    ("lr_decay", "lr decay", "Decay of the learning rate per step."),
    ("amsgrad", "AMSGrad", "Use the maximum of past squared-gradient averages."),
];

/// The fields.
#[component]
pub fn OptimizerFields(store: Store) -> impl IntoView {
    let spec = store.draft.spec;
    let name = Memo::new(move |_| spec.with(|spec| spec.optimizer.name().to_owned()));
    let choose = move |name: String| {
        // Another optimizer starts with its own settings; a learning rate that the user chose
        // stays.
        let (before, lr) = spec.with_untracked(|spec| (spec.optimizer.name(), spec.optimizer.lr()));
        let is_chosen = starting_optimizer(before).is_ok_and(|start| start.lr() != lr);
        if let Ok(start) = starting_optimizer(&name) {
            spec.update(|spec| spec.optimizer = if is_chosen { start.with_lr(lr) } else { start });
        }
    };
    let names = OptimizerSpec::NAMES.map(|name| (name.to_owned(), name.to_owned())).to_vec();
    let set = move |key: &'static str, value: Value| {
        let mut changed = Map::new();
        changed.insert(key.to_owned(), value.clone());
        let changed = spec.with_untracked(|spec| spec.optimizer.with(&changed));
        match changed.and_then(|optimizer| optimizer.check().map(|()| optimizer)) {
            Ok(optimizer) => {
                spec.update(|spec| spec.optimizer = optimizer);
                let live = match (key, value.as_f64()) {
                    ("lr", Some(lr)) => Some(LiveChange::Lr(lr)),
                    ("momentum", Some(momentum)) => Some(LiveChange::Momentum(momentum)),
                    ("weight_decay", Some(decay)) => Some(LiveChange::WeightDecay(decay)),
                    _ => None,
                };
                if let Some(live) = live {
                    store.change(live);
                }
            }
            Err(error) => store.notify(true, error.to_string()),
        }
    };
    let fields = move || {
        let name = name.get();
        let Ok(attrs) = OptimizerSpec::from_attrs(&name, &Map::new()).and_then(|optimizer| optimizer.attrs()) else {
            return Vec::new();
        };
        let known = HINTS.iter().filter(|(key, ..)| attrs.contains_key(*key));
        let field = |(key, label, hint): &(&'static str, &'static str, &'static str)| {
            let key = *key;
            let value = move || spec.with(|spec| spec.optimizer.attrs().ok().and_then(|attrs| attrs.get(key).cloned()));
            if attrs.get(key).is_some_and(Value::is_boolean) {
                let checked = Signal::derive(move || value().is_some_and(|value| value == Value::Bool(true)));
                let change = Callback::new(move |on: bool| set(key, Value::Bool(on)));
                return view! { <Check label=*label hint=*hint checked on_change=change /> }.into_any();
            }
            let number = Signal::derive(move || value().and_then(|value| value.as_f64()).unwrap_or(0.0));
            let change = Callback::new(move |value: f64| set(key, Value::from(value)));
            let slider = (key == "lr").then(|| view! { <RateSlider value=number on_change=change /> });
            view! {
                <NumberField label=*label hint=*hint value=number on_change=change />
                {slider}
            }
            .into_any()
        };
        known.map(field).collect()
    };
    view! {
        <Choice
            label="Optimizer"
            hint="Algorithm that updates the parameters."
            options=names
            value=name
            on_change=Callback::new(choose)
        />
        {fields}
    }
}

/// Exponents of ten between which the slider moves the learning rate.
const RATE_EXPONENTS: [f64; 2] = [-5.0, 1.0];

/// The learning rate on a logarithmic slider, which takes effect at once.
#[component]
fn RateSlider(value: Signal<f64>, on_change: Callback<f64>) -> impl IntoView {
    let [min, max] = RATE_EXPONENTS;
    let exponent = move || value.get().max(1e-12).log10().clamp(min, max);
    let change = move |event: web_sys::Event| {
        if let Ok(exponent) = event_target_value(&event).parse::<f64>() {
            on_change.run(rate(exponent));
        }
    };
    view! {
        <input
            class="rate-slider"
            type="range"
            aria-label="Learning rate, logarithmic"
            title="Learning rate, from 0.00001 to 10"
            aria-valuetext=move || value.get().to_string()
            min=min
            max=max
            step="0.05"
            prop:value=move || exponent().to_string()
            on:input=change
        />
    }
}

/// Ten to the power of `exponent`, in two significant digits.
fn rate(exponent: f64) -> f64 {
    let text = format!("{:.1e}", 10f64.powf(exponent));
    text.parse().unwrap_or(1e-3)
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn the_slider_gives_short_numbers() {
        assert_eq!([-5.0, -3.0, -2.7, -0.5, 1.0].map(rate), [1e-5, 0.001, 0.002, 0.32, 10.0]);
    }
}

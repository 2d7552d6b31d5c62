//! The optimizer and its hyper-parameters. They come from the engine's own data, so that every
//! optimizer has its fields.

use crate::protocol::LiveChange;
use crate::ui::pieces::{Check, Choice, NumberField};
use crate::ui::store::Store;
use kindling::optim::OptimizerSpec;
use leptos::prelude::*;
use serde_json::{Map, Value};

/// Explanation of each hyper-parameter; those not listed keep PyTorch's defaults.
const HINTS: &[(&str, &str, &str)] = &[
    ("lr", "lr", "Learning rate: how far a step goes. It can be changed while training runs."),
    ("momentum", "momentum", "How much of the last direction is kept. It can be changed while training runs."),
    ("weight_decay", "weight decay", "How strongly weights are pulled to zero. It can be changed while training runs."),
    ("nesterov", "Nesterov", "Look ahead along the momentum."),
    ("alpha", "alpha", "How much of the mean of squared gradients is kept."),
    ("rho", "rho", "How much of the mean of squared gradients is kept."),
    ("lr_decay", "lr decay", "How the learning rate falls with every step."),
    ("amsgrad", "AMSGrad", "Use the greatest mean of squared gradients so far."),
];

/// The fields.
#[component]
pub fn OptimizerFields(store: Store) -> impl IntoView {
    let spec = store.draft.spec;
    let name = Memo::new(move |_| spec.with(|spec| spec.optimizer.name().to_owned()));
    let choose = move |name: String| {
        // Another optimizer's rates have another meaning, so it begins with its own defaults.
        if let Ok(optimizer) = OptimizerSpec::from_attrs(&name, &Map::new()) {
            spec.update(|spec| spec.optimizer = optimizer);
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
            Err(error) => store.tell(true, error.to_string()),
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
            view! { <NumberField label=*label hint=*hint value=number on_change=change /> }.into_any()
        };
        known.map(field).collect()
    };
    view! {
        <Choice
            label="Optimizer"
            hint="How parameters move along their gradients."
            options=names
            value=name
            on_change=Callback::new(choose)
        />
        {fields}
    }
}

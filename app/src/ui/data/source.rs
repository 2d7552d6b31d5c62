//! Which data, from where, and how much of it.

use crate::protocol::{DataKind, DataSource};
use crate::ui::numbers;
use crate::ui::pieces::{Choice, NumberField};
use crate::ui::settings;
use crate::ui::store::Store;
use leptos::prelude::*;

/// The sets on offer.
#[component]
pub fn SourceChoice(store: Store) -> impl IntoView {
    let source = store.draft.source;
    let value = Signal::derive(move || {
        source.with(|source| match &source.kind {
            DataKind::Url(_) | DataKind::Files(_) => "own".to_owned(),
            kind => settings::data_name(kind).to_owned(),
        })
    });
    let options = [("shapes", "Shapes"), ("cifar10", "CIFAR-10"), ("cifar100", "CIFAR-100"), ("own", "your own")];
    let choose = move |name: String| {
        let kind = match name.as_str() {
            "shapes" => DataKind::Shapes,
            "cifar10" => DataKind::Cifar { hundred: false, url: None },
            "cifar100" => DataKind::Cifar { hundred: true, url: None },
            _ => return,
        };
        store.open_data(DataSource { kind, train: None, test: None }, Vec::new());
    };
    view! {
        <Choice
            label="Data set"
            bare=true
            options=options.map(|(name, words)| (name.to_owned(), words.to_owned())).to_vec()
            value
            on_change=Callback::new(choose)
        />
    }
}

/// How many of its samples are used.
#[component]
pub fn Limits(store: Store) -> impl IntoView {
    let source = store.draft.source;
    let there = move |pick: fn(&crate::protocol::DataInfo) -> usize| {
        store.data.with(|data| data.as_ref().map_or(0, pick)) as f64
    };
    let train = Signal::derive(move || source.with(|s| s.train).map_or_else(|| there(|data| data.train), |n| n as f64));
    let test = Signal::derive(move || source.with(|s| s.test).map_or_else(|| there(|data| data.test), |n| n as f64));
    let mine = move || source.with(|source| matches!(source.kind, DataKind::Files(_)));
    let change = move |set: fn(&mut DataSource, usize)| {
        Callback::new(move |value: f64| {
            let mut changed = source.get_untracked();
            set(&mut changed, value as usize);
            store.open_data(changed, Vec::new());
        })
    };
    let split = move || {
        store.data.with(|data| {
            data.as_ref().map(|data| {
                let part = data.train as f64 / (data.train + data.test).max(1) as f64;
                format!("{} to learn from", numbers::percent(part))
            })
        })
    };
    view! {
        <Show when=move || !mine()>
            <div class="fields split" title=split>
                <NumberField
                    label="Train on"
                    hint="The first so many samples are learned from."
                    whole=true
                    min=1.0
                    value=train
                    on_change=change(|source, count| source.train = Some(count))
                />
                <NumberField
                    label="Test on"
                    hint="The first so many samples of the test half judge the network."
                    whole=true
                    min=1.0
                    value=test
                    on_change=change(|source, count| source.test = Some(count))
                />
            </div>
        </Show>
    }
}

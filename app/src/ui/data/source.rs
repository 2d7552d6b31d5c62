//! Which data, from where, and how much of it.

use crate::protocol::{DataKind, DataSource};
use crate::ui::numbers;
use crate::ui::pieces::{Choice, NumberField};
use crate::ui::store::Store;
use kindling::data::catalog;
use leptos::prelude::*;

/// The sets on offer.
#[component]
pub fn SourceChoice(store: Store) -> impl IntoView {
    let source = store.draft.source;
    let value = Signal::derive(move || {
        source.with(|source| match &source.kind {
            DataKind::Url(_) | DataKind::Files(_) => "own".to_owned(),
            kind => kind.name().to_owned(),
        })
    });
    let sets = catalog::official().map(|(set, _)| set);
    let mut options: Vec<(String, String)> =
        std::iter::once(&catalog::SHAPES).chain(sets).map(|set| (set.name.to_owned(), set.title.to_owned())).collect();
    options.push(("own".to_owned(), "your own".to_owned()));
    let choose = move |name: String| {
        let kind = match name {
            name if name == catalog::SHAPES.name => DataKind::Shapes,
            name if name == "own" => return,
            name => DataKind::Official { name, url: None },
        };
        store.open_data(DataSource { kind, train: None, test: None }, Vec::new());
    };
    view! {
        <Choice
            label="Data set"
            bare=true
            options
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

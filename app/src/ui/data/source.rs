//! Choice of data: its source, its limits, and the options of tables.

use crate::protocol::{DataKind, DataSource};
use crate::ui::numbers;
use crate::ui::pieces::{Choice, NumberField};
use crate::ui::store::Store;
use kindling::data::{Task, catalog};
use leptos::prelude::*;

/// Choice of the source.
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
        store.open_data(DataSource::new(kind), Vec::new());
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

/// Limits of the numbers of samples.
#[component]
pub fn Limits(store: Store) -> impl IntoView {
    let source = store.draft.source;
    let there = move |pick: fn(&crate::protocol::DataInfo) -> usize| {
        store.data.with(|data| data.as_ref().map_or(0, pick)) as f64
    };
    let train = Signal::derive(move || source.with(|s| s.train).map_or_else(|| there(|data| data.train), |n| n as f64));
    let test = Signal::derive(move || source.with(|s| s.test).map_or_else(|| there(|data| data.test), |n| n as f64));
    let change = move |set: fn(&mut DataSource, usize)| {
        Callback::new(move |value: f64| {
            let mut changed = source.get_untracked();
            set(&mut changed, value as usize);
            store.reopen_data(changed);
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
        <div class="fields split" title=split>
            <NumberField
                label="Train on"
                hint="Number of training samples, the first of the split."
                whole=true
                min=1.0
                value=train
                on_change=change(|source, count| source.train = Some(count))
            />
            <NumberField
                label="Test on"
                hint="Number of test samples, the first of the split."
                whole=true
                min=1.0
                value=test
                on_change=change(|source, count| source.test = Some(count))
            />
        </div>
    }
}

/// Fields of a table: the label's column, and the task that it sets.
#[component]
pub fn TableFields(store: Store) -> impl IntoView {
    let table = Memo::new(move |_| store.data.with(|data| data.as_ref().and_then(|data| data.table.clone())));
    let reopen = move |change: &dyn Fn(&mut DataSource)| {
        let mut source = store.draft.source.get_untracked();
        change(&mut source);
        store.reopen_data(source);
    };
    move || {
        let table = table.get()?;
        let numbers = |index: usize| (index + 1).to_string();
        let columns = table.columns.iter().enumerate().map(|(index, name)| (numbers(index), name.clone())).collect();
        let names = table.clone();
        // Without a header, names are `column N` and count ignored columns too.
        let label = move |index: String| {
            let index = index.parse::<usize>().ok()?.checked_sub(1)?;
            let name = names.columns.get(index)?;
            let number = name.strip_prefix("column ").filter(|_| !names.header);
            Some(number.unwrap_or(name).to_owned())
        };
        let tasks = [("classification", "classes"), ("regression", "a quantity")];
        let task = match table.task {
            Task::Classification => tasks[0].0,
            Task::Regression => tasks[1].0,
        };
        let chosen = numbers(table.label);
        Some(view! {
            <div class="fields split">
                <Choice
                    label="Label"
                    hint="Column with the value to predict."
                    options=columns
                    value=Signal::stored(chosen)
                    on_change=Callback::new(move |index| {
                        let label = label(index);
                        reopen(&|source| (source.label, source.task) = (label.clone(), None));
                    })
                />
                <Choice
                    label="Predict"
                    hint="Task that the label sets: one of several classes, or a quantity by regression."
                    options=tasks.map(|(name, words)| (name.to_owned(), words.to_owned())).to_vec()
                    value=Signal::stored(task.to_owned())
                    on_change=Callback::new(move |name: String| {
                        let task = if name == tasks[0].0 { Task::Classification } else { Task::Regression };
                        reopen(&|source| source.task = Some(task));
                    })
                />
            </div>
        })
    }
}

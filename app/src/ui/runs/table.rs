//! The table of runs: metrics, and the settings in which they differ.

use super::color;
use crate::ui::numbers;
use crate::ui::settings;
use crate::ui::store::{Record, Store};
use leptos::prelude::*;

/// The table.
#[component]
pub fn Table(store: Store, shown: RwSignal<Vec<u32>>) -> impl IntoView {
    let records = store.run.records;
    let columns = Memo::new(move |_| records.with(|records| differing(records)));
    let head = move || {
        columns.get().into_iter().map(|name| view! { <th scope="col">{name.replace('_', " ")}</th> }).collect_view()
    };
    let rows = move || {
        let columns = columns.get();
        records.with(|records| {
            let best = records.iter().filter_map(Record::test_accuracy).fold(0.0, f64::max);
            let rows = records.iter().enumerate().rev();
            rows.map(|(index, record)| row(store, shown, record, index, &columns, best)).collect_view()
        })
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="All runs">
            <table class="table runs">
                <thead>
                    <tr>
                        <th scope="col"><span class="hidden">"Shown"</span></th>
                        <th scope="col">"name"</th>
                        <th scope="col">"data"</th>
                        <th scope="col">"epochs"</th>
                        <th scope="col">"train loss"</th>
                        <th scope="col">"val loss"</th>
                        <th scope="col">"val accuracy"</th>
                        <th scope="col">"parameters"</th>
                        {head}
                        <th scope="col"><span class="hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="quiet">"The last columns are the settings in which these runs differ."</p>
    }
}

/// Returns the settings in which runs differ.
fn differing(records: &[Record]) -> Vec<String> {
    let all: Vec<Vec<(String, String)>> = records.iter().map(|record| settings::flat(&record.spec)).collect();
    let mut names: Vec<String> = all.iter().flatten().map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let first = all.first();
    // A table has no room for layers; their models' names and sizes suffice.
    names.retain(|name| {
        !matches!(name.as_str(), "layers" | "model" | "data.name")
            && all.iter().any(|one| value_of(one, name) != first.and_then(|first| value_of(first, name)))
    });
    names
}

fn value_of<'a>(settings: &'a [(String, String)], name: &str) -> Option<&'a str> {
    settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn row(
    store: Store,
    shown: RwSignal<Vec<u32>>,
    record: &Record,
    index: usize,
    columns: &[String],
    best: f64,
) -> impl IntoView + use<> {
    let number = record.number;
    let here = move || store.run.record.get() == Some(number);
    let values = settings::flat(&record.spec);
    let cells = columns.iter().map(|name| {
        let value = value_of(&values, name).unwrap_or("–").to_owned();
        view! { <td class="differs">{value}</td> }
    });
    let cells = cells.collect_view();
    let figure = |value: Option<f64>, write: fn(f64) -> String| value.map_or("–".into(), write);
    let name = record.name.clone();
    let rename = move |event: web_sys::Event| {
        let name = event_target_value(&event).trim().to_owned();
        if !name.is_empty() {
            store.run.records.change(number, |record| record.name = name);
        }
    };
    let delete = move |_| store.run.records.delete(number);
    let take = {
        let spec = record.spec.clone();
        let name = record.name.clone();
        move |_| {
            store.draft.adopt(spec.clone());
            store.notify(false, format!("The playground now has the model and settings of {name}."));
        }
    };
    let tick = move |event| {
        let on = event_target_checked(&event);
        shown.update(|shown| {
            if on {
                shown.push(number);
            } else {
                shown.retain(|other| *other != number);
            }
        });
    };
    let is_best = record.test_accuracy().is_some_and(|accuracy| accuracy >= best && best > 0.0);
    view! {
        <tr class:here=here>
            <td>
                <input
                    type="checkbox"
                    class="swatch"
                    data-color=color(index)
                    aria-label=format!("Show the curve of {name}")
                    prop:checked=move || shown.with(|shown| shown.contains(&number))
                    on:change=tick
                />
            </td>
            <th scope="row">
                <input class="input rename" type="text" aria-label="Name" prop:value=name.clone() on:change=rename />
            </th>
            <td>{record.data.clone()}</td>
            <td>{format!("{}/{}", record.epochs, record.spec.epochs)}</td>
            <td>{figure(record.train_loss(), numbers::figure)}</td>
            <td>{figure(record.test_loss(), numbers::figure)}</td>
            <td class:best=is_best>{figure(record.test_accuracy(), numbers::percent)}</td>
            <td>{numbers::count(record.parameters)}</td>
            {cells}
            <td class="row-tools">
                <button class="button small" type="button" title="Put its model and settings on the playground" on:click=take>
                    "Use"
                </button>
                <button
                    class="icon-button"
                    type="button"
                    aria-label=format!("Delete {name}")
                    title="Delete"
                    disabled=here
                    on:click=delete
                >
                    "×"
                </button>
            </td>
        </tr>
    }
}

//! The curves of a run, with those of earlier runs behind them.

use crate::ui::chart::{Chart, Entry, LineSource, NamedLine};
use crate::ui::numbers;
use crate::ui::pieces::Check;
use crate::ui::store::{self, Store};
use leptos::prelude::*;
use std::sync::Arc;

type Points = Vec<(f64, f64)>;
type Pick = fn(&store::Curves) -> [&Points; 2];

/// Loss, accuracy, and the learning rate where it changes.
#[component]
pub fn Curves(store: Store) -> impl IntoView {
    let smoothing = RwSignal::new(0.6);
    let log = RwSignal::new(false);
    let earlier = RwSignal::new(true);
    // A constant learning rate needs no chart.
    let is_changing =
        Memo::new(move |_| store.run.curves.with(|curves| curves.lr.windows(2).any(|pair| pair[0].1 != pair[1].1)));
    view! {
        <div class="curves">
            <div class="curve-tools">
                <label class="field slider" title="Weight of the past in a smoothed value, as in TensorBoard">
                    <span class="field-label">"Smoothing"</span>
                    <input
                        type="range"
                        min="0"
                        max="0.98"
                        step="0.02"
                        prop:value=move || smoothing.get().to_string()
                        on:input=move |event| smoothing.set(kindling::json::number(&event_target_value(&event)).unwrap_or(0.0))
                    />
                </label>
                <Check label="log scale" checked=log on_change=Callback::new(move |on| log.set(on)) />
                <Check label="earlier runs" checked=earlier on_change=Callback::new(move |on| earlier.set(on)) />
            </div>
            <Chart
                title="Loss"
                lines=lines(store, earlier, |curves| [&curves.loss, &curves.test_loss])
                smoothing
                log
                format=numbers::figure
            />
            <Chart
                title="Accuracy"
                lines=lines(store, earlier, |curves| [&curves.accuracy, &curves.test_accuracy])
                smoothing
                log=Signal::derive(|| false)
                is_fraction=true
                format=numbers::percent
            />
            <Show when=move || is_changing.get()>
                <Chart
                    title="Learning rate"
                    lines=rates(store)
                    smoothing=Signal::derive(|| 0.0)
                    log
                    format=numbers::rate
                />
            </Show>
        </div>
    }
}

/// Colors of earlier runs, the latest first; their number is the maximum shown.
const EARLIER_COLORS: [&str; 4] = ["--series-3", "--series-4", "--series-5", "--series-6"];

fn rates(store: Store) -> LineSource {
    Arc::new(move |take: &mut dyn FnMut(&[NamedLine<'_>])| {
        store.run.curves.with(|curves| {
            let entry = Entry { name: "lr".into(), color: "--series-1", faint: false, dots: false };
            take(&[(entry, curves.lr.as_slice())]);
        });
    })
}

fn lines(store: Store, earlier: RwSignal<bool>, pick: Pick) -> LineSource {
    Arc::new(move |take: &mut dyn FnMut(&[NamedLine<'_>])| {
        let here = store.run.record.get();
        store.run.records.with(|records| {
            store.run.curves.with(|curves| {
                // Accuracies on different data cannot be compared.
                let data = match here.and_then(|here| records.iter().find(|record| record.number == here)) {
                    Some(record) => Some(record.data.clone()),
                    None => store.data.with(|data| data.as_ref().map(|data| data.name.clone())),
                };
                let comparable = |record: &&store::Record| {
                    Some(record.number) != here && data.as_ref().is_some_and(|data| *data == record.data)
                };
                let before = records.iter().rev().filter(comparable);
                let mut lines: Vec<NamedLine<'_>> = Vec::new();
                for (record, color) in before.zip(EARLIER_COLORS).take(if earlier.get() { usize::MAX } else { 0 }) {
                    let [_, test] = pick(&record.curves);
                    lines.push((Entry { name: record.name.clone(), color, faint: true, dots: true }, test.as_slice()));
                }
                let [train, test] = pick(curves);
                let entry = |name: &str, color, dots| Entry { name: name.into(), color, faint: false, dots };
                lines.push((entry("train", "--series-1", false), train.as_slice()));
                lines.push((entry("validation", "--series-2", true), test.as_slice()));
                take(&lines);
            });
        });
    })
}

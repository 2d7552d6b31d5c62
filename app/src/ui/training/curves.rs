//! The curves of a run, and of earlier ones behind them.

use crate::ui::chart::{Chart, Entry, Lend, Named};
use crate::ui::numbers;
use crate::ui::pieces::Check;
use crate::ui::store::{self, Store};
use leptos::prelude::*;
use std::sync::Arc;

type Points = Vec<(f64, f64)>;
type Pick = fn(&store::Curves) -> [&Points; 2];

/// Loss and accuracy.
#[component]
pub fn Curves(store: Store) -> impl IntoView {
    let smoothing = RwSignal::new(0.6);
    let log = RwSignal::new(false);
    let earlier = RwSignal::new(true);
    view! {
        <div class="curves">
            <div class="curve-tools">
                <label class="field slider" title="How much of the past a smoothed value keeps">
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
                parts=true
                format=numbers::percent
            />
        </div>
    }
}

/// Number of earlier runs shown.
const EARLIER: usize = 4;

fn lines(store: Store, earlier: RwSignal<bool>, pick: Pick) -> Lend {
    Arc::new(move |take: &mut dyn FnMut(&[Named<'_>])| {
        let here = store.run.record.get();
        store.run.records.with(|records| {
            store.run.curves.with(|curves| {
                let before = records.iter().rev().filter(|record| Some(record.number) != here);
                let mut lines: Vec<Named<'_>> = Vec::new();
                for record in before.take(if earlier.get() { EARLIER } else { 0 }) {
                    let [_, test] = pick(&record.curves);
                    let entry = Entry { name: record.name.clone(), color: "--series-2", faint: true, dots: false };
                    lines.push((entry, test.as_slice()));
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

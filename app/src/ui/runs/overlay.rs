//! The curves of the selected runs in one chart.

use super::color;
use crate::ui::chart::{Chart, Entry, LineSource, NamedLine};
use crate::ui::numbers;
use crate::ui::pieces::Choice;
use crate::ui::store::{Curves, Store};
use leptos::prelude::*;
use std::sync::Arc;

type Pick = fn(&Curves) -> &Vec<(f64, f64)>;

/// Metrics that can be overlaid.
const FIGURES: [(&str, &str, Pick); 4] = [
    ("test-accuracy", "validation accuracy", |curves| &curves.test_accuracy),
    ("test-loss", "validation loss", |curves| &curves.test_loss),
    ("loss", "training loss", |curves| &curves.loss),
    ("accuracy", "training accuracy", |curves| &curves.accuracy),
];

/// The chart.
#[component]
pub fn Overlay(store: Store, shown: RwSignal<Vec<u32>>) -> impl IntoView {
    let figure = RwSignal::new("test-accuracy".to_owned());
    let lines = move |pick: Pick, dots: bool| -> LineSource {
        Arc::new(move |take: &mut dyn FnMut(&[NamedLine<'_>])| {
            let shown = shown.get();
            store.run.records.with(|records| {
                let chosen = records.iter().enumerate().filter(|(_, record)| shown.contains(&record.number));
                let lines: Vec<NamedLine<'_>> = chosen
                    .map(|(index, record)| {
                        let entry = Entry { name: record.name.clone(), color: color(index), faint: false, dots };
                        (entry, pick(&record.curves).as_slice())
                    })
                    .collect();
                take(&lines);
            });
        })
    };
    let chart = move || {
        let name = figure.get();
        let (_, title, pick) = FIGURES.iter().find(|(known, ..)| *known == name).copied().unwrap_or(FIGURES[0]);
        let (accuracy, dots) = (name.contains("accuracy"), name.starts_with("test"));
        let format = if accuracy { numbers::percent } else { numbers::figure };
        let smoothing = if dots { 0.0 } else { 0.8 };
        view! {
            <Chart
                title
                lines=lines(pick, dots)
                smoothing=Signal::derive(move || smoothing)
                log=Signal::derive(|| false)
                is_fraction=accuracy
                format
            />
        }
    };
    view! {
        <section class="panel overlay" aria-label="Curves of the chosen runs">
            <Choice
                label="Overlay"
                options=FIGURES.map(|(name, text, _)| (name.to_owned(), text.to_owned())).to_vec()
                value=figure
                on_change=Callback::new(move |name| figure.set(name))
            />
            {chart}
        </section>
    }
}

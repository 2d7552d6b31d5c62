//! Histograms of weights and their gradients.

use super::loading_placeholder;
use crate::protocol::Histogram;
use crate::ui::numbers;
use crate::ui::store::{Inspected, Store};
use leptos::prelude::*;

/// The view.
#[component]
pub fn Histograms(store: Store) -> impl IntoView {
    move || {
        let Some(Inspected { view, .. }) = store.inspection.answers.histograms.get() else {
            return loading_placeholder();
        };
        let rows = view.parameters.into_iter().map(|parameter| {
            let name = parameter.name.clone();
            let gradient = parameter.gradient.map(|gradient| {
                view! { <Distribution histogram=gradient name=format!("gradient of {name}") kind="gradient" /> }
            });
            view! {
                <tr>
                    <th scope="row">{parameter.name.clone()}<span class="quiet">" "{numbers::shape(&parameter.shape)}</span></th>
                    <td><Distribution histogram=parameter.weight name=parameter.name kind="weight" /></td>
                    <td>{gradient}</td>
                </tr>
            }
        });
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Histograms">
                <table class="table histograms">
                    <thead>
                        <tr>
                            <th scope="col">"parameter"</th>
                            <th scope="col">"weights"</th>
                            <th scope="col">"gradient of the last step"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

/// A histogram as bars, with its range, mean and standard deviation.
#[component]
fn Distribution(histogram: Histogram, name: String, kind: &'static str) -> impl IntoView {
    let max_count = histogram.counts.iter().copied().max().unwrap_or(0).max(1);
    let count = histogram.counts.len().max(1);
    let mut path = String::new();
    for (i, n) in histogram.counts.iter().enumerate() {
        // A single value in a bucket stays visible.
        let height = if *n == 0 { 0.0 } else { (f64::from(*n) / f64::from(max_count) * 28.0).max(0.75) };
        path += &format!(
            "M{} 28h{}v-{height:.2}h-{}z",
            i as f64 * 120.0 / count as f64,
            120.0 / count as f64,
            120.0 / count as f64
        );
    }
    let [min, max, mean, std] =
        [histogram.min, histogram.max, histogram.mean, histogram.std].map(|x| numbers::figure(x.into()));
    view! {
        <figure class="histogram" data-kind=kind>
            <svg viewBox="0 0 120 28" preserveAspectRatio="none" role="img" aria-label=format!("Histogram of {name}")>
                <path d=path />
            </svg>
            <figcaption>
                <span>{min}</span>
                <span>{format!("{mean} ± {std}")}</span>
                <span>{max}</span>
            </figcaption>
        </figure>
    }
}

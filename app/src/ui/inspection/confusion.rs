//! The confusion matrix. Selecting a cell shows its images.

use super::loading_placeholder;
use crate::protocol::{Order, PredictionsRequest};
use crate::ui::numbers;
use crate::ui::store::{Inspected, Store, View};
use leptos::prelude::*;

/// Maximum number of classes for which cells have numbers.
const MAX_NUMBERED_CLASSES: usize = 20;

/// The view.
#[component]
pub fn Confusion(store: Store) -> impl IntoView {
    let state = store.inspection;
    move || {
        let Some(Inspected { view, .. }) = state.answers.confusion.get() else { return loading_placeholder() };
        if let Some(errors) = view.evaluation.regression {
            let text = format!(
                "A regression has no confusion matrix. Mean absolute error {}, R² {:.4}, on {} test samples.",
                numbers::amount(errors.mae),
                errors.r2,
                numbers::whole(errors.samples),
            );
            return view! { <p class="quiet">{text}</p> }.into_any();
        }
        let matrix = &view.evaluation.confusion;
        let is_numbered = view.classes.len() <= MAX_NUMBERED_CLASSES;
        let open = move |label: usize, predicted: usize| {
            let (order, cell) = (Order::MostConfident, Some((label, predicted)));
            state.requests.predictions.set(PredictionsRequest { order, cell, ..PredictionsRequest::default() });
            state.view.set(View::Predictions);
        };
        let accuracies = view.evaluation.class_accuracies();
        let rows = view.classes.iter().zip(matrix).enumerate().map(|(label, (name, row))| {
            let total: u64 = row.iter().sum();
            let cells = row.iter().enumerate().map(|(predicted, count)| {
                let fraction = *count as f64 / total.max(1) as f64;
                let text = format!(
                    "{name} predicted as {}: {count}",
                    view.classes.get(predicted).cloned().unwrap_or_default()
                );
                view! {
                    <td>
                        <button
                            class="cell"
                            class:diagonal=label == predicted
                            class:strong={fraction > 0.55}
                            type="button"
                            title=text.clone()
                            aria-label=text
                            disabled=*count == 0
                            style:--part=format!("{fraction:.3}")
                            on:click=move |_| open(label, predicted)
                        >
                            {is_numbered.then(|| numbers::whole(*count))}
                        </button>
                    </td>
                }
            });
            let accuracy = accuracies.get(label).copied().flatten();
            view! {
                <tr>
                    <th scope="row">{name.clone()}</th>
                    {cells.collect_view()}
                    <td class="cell-accuracy">{accuracy.map_or("–".into(), numbers::percent)}</td>
                </tr>
            }
        });
        let heads = view.classes.iter().map(|name| view! { <th scope="col"><span>{name.clone()}</span></th> });
        view! {
            <p class="quiet">
                {format!(
                    "{} of {} test samples correct. Rows: true class; columns: predicted class. Select a cell to see its images.",
                    numbers::percent(view.evaluation.accuracy.unwrap_or(0.0)),
                    numbers::whole(view.evaluation.samples()),
                )}
            </p>
            <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">
                <table class="confusion" class:many=!is_numbered>
                    <thead>
                        <tr>
                            <td></td>
                            {heads.collect_view()}
                            <th scope="col"><span>"accuracy"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

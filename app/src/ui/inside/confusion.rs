//! The confusion matrix. A cell leads to its pictures.

use super::looking;
use crate::protocol::{Order, SplitName};
use crate::ui::numbers;
use crate::ui::store::{Store, View};
use leptos::prelude::*;

/// Cells beyond which the matrix is shown without numbers.
const MOST_CLASSES: usize = 20;

/// The view.
#[component]
pub fn Confusion(store: Store) -> impl IntoView {
    let inside = store.inside;
    move || {
        let Some(view) = inside.confusion.get() else { return looking() };
        if let Some(errors) = view.evaluation.regression {
            let words = format!(
                "A quantity has no confusion matrix. Mean absolute error {}, R² {:.4}, on {} test samples.",
                numbers::amount(errors.mae),
                errors.r2,
                numbers::whole(errors.samples),
            );
            return view! { <p class="quiet">{words}</p> }.into_any();
        }
        let matrix = &view.evaluation.confusion;
        let few = view.classes.len() <= MOST_CLASSES;
        let open = move |is: usize, guess: usize| {
            inside.split.set(SplitName::Test);
            inside.order.set(Order::MostConfident);
            inside.first.set(0);
            inside.cell.set(Some((is, guess)));
            inside.view.set(View::Predictions);
        };
        let accuracies = view.evaluation.class_accuracies();
        let rows = view.classes.iter().zip(matrix).enumerate().map(|(is, (name, row))| {
            let all: u64 = row.iter().sum();
            let cells = row.iter().enumerate().map(|(guess, count)| {
                let part = *count as f64 / all.max(1) as f64;
                let words =
                    format!("{name} taken for {}: {count}", view.classes.get(guess).cloned().unwrap_or_default());
                view! {
                    <td>
                        <button
                            class="cell"
                            class:diagonal=is == guess
                            class:strong={part > 0.55}
                            type="button"
                            title=words.clone()
                            aria-label=words
                            disabled=*count == 0
                            style:--part=format!("{part:.3}")
                            on:click=move |_| open(is, guess)
                        >
                            {few.then(|| numbers::whole(*count))}
                        </button>
                    </td>
                }
            });
            let accuracy = accuracies.get(is).copied().flatten();
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
                    "{} of {} test samples right. Rows: what they are; columns: what they are taken for. A cell leads to its pictures.",
                    numbers::percent(view.evaluation.accuracy.unwrap_or(0.0)),
                    numbers::whole(view.evaluation.samples()),
                )}
            </p>
            <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">
                <table class="confusion" class:many=!few>
                    <thead>
                        <tr>
                            <td></td>
                            {heads.collect_view()}
                            <th scope="col"><span>"right"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

//! Kernels of a step, and their times.

use super::loading_placeholder;
use crate::ui::numbers;
use crate::ui::store::{Inspected, Store};
use leptos::prelude::*;

/// The view.
#[component]
pub fn Profile(store: Store) -> impl IntoView {
    move || {
        let Some(Inspected { view, .. }) = store.inspection.answers.profile.get() else { return loading_placeholder() };
        if let Some(note) = view.note {
            return view! { <p class="empty">{note}</p> }.into_any();
        }
        let max_ms = view.kernels.first().map_or(0.0, |kernel| kernel.ms);
        let total_ms: f64 = view.kernels.iter().map(|kernel| kernel.ms).sum();
        let fraction = |ms: f64, of: f64| if of > 0.0 { ms / of } else { 0.0 };
        let rows = view.kernels.iter().map(|kernel| {
            view! {
                <tr>
                    <th scope="row"><code>{kernel.name.clone()}</code></th>
                    <td>{numbers::count(kernel.count)}</td>
                    <td>{numbers::amount(kernel.ms)}</td>
                    <td>{numbers::percent(fraction(kernel.ms, total_ms))}</td>
                    <td class="bar-cell">
                        <span class="bar-track" aria-hidden="true">
                            <span class="bar-fill" style:width=format!("{:.1}%", fraction(kernel.ms, max_ms) * 100.0)></span>
                        </span>
                    </td>
                </tr>
            }
        });
        view! {
            <p class="quiet">
                {format!("Kernels of one step: {} ms. Recent time per step: {} ms.", numbers::amount(total_ms), numbers::amount(view.ms_per_step))}
            </p>
            <div class="scroll" tabindex="0" role="region" aria-label="Kernels of a step">
                <table class="table profile">
                    <thead>
                        <tr>
                            <th scope="col">"kernel"</th>
                            <th scope="col">"calls"</th>
                            <th scope="col">"ms"</th>
                            <th scope="col">"share"</th>
                            <td></td>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

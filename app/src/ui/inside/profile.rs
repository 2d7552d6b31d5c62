//! Which kernels a step runs, and what they take.

use super::looking;
use crate::ui::numbers;
use crate::ui::store::Store;
use leptos::prelude::*;

/// The view.
#[component]
pub fn Profile(store: Store) -> impl IntoView {
    move || {
        let Some(view) = store.inside.profile.get() else { return looking() };
        let most = view.kernels.iter().filter_map(|kernel| kernel.ms).fold(0.0, f64::max);
        let all: f64 = view.kernels.iter().filter_map(|kernel| kernel.ms).sum();
        let rows = view.kernels.iter().map(|kernel| {
            let bar = kernel.ms.filter(|_| most > 0.0).map(|ms| {
                view! {
                    <span class="bar-track" aria-hidden="true">
                        <span class="bar-fill" style:width=format!("{:.1}%", ms / most * 100.0)></span>
                    </span>
                }
            });
            view! {
                <tr>
                    <th scope="row"><code>{kernel.name.clone()}</code></th>
                    <td>{numbers::amount(kernel.count)}</td>
                    <td>{kernel.ms.map_or("–".into(), numbers::amount)}</td>
                    <td>{kernel.ms.filter(|_| all > 0.0).map(|ms| numbers::percent(ms / all))}</td>
                    <td class="bar-cell">{bar}</td>
                </tr>
            }
        });
        view! {
            <p class="quiet">
                {format!("{} ms a step, measured over {} steps. ", numbers::amount(view.ms_per_step), view.steps)}
                {view.note.clone()}
            </p>
            <div class="scroll" tabindex="0" role="region" aria-label="Kernels of a step">
                <table class="table profile">
                    <thead>
                        <tr>
                            <th scope="col">"kernel"</th>
                            <th scope="col">"times a step"</th>
                            <th scope="col">"ms a step"</th>
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

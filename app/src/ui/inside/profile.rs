//! Kernels of a step, and their times.

use super::looking;
use crate::ui::numbers;
use crate::ui::store::Store;
use leptos::prelude::*;

/// The view.
#[component]
pub fn Profile(store: Store) -> impl IntoView {
    move || {
        let Some(view) = store.inside.profile.get() else { return looking() };
        if let Some(note) = view.note {
            return view! { <p class="empty">{note}</p> }.into_any();
        }
        let most = view.kernels.first().map_or(0.0, |kernel| kernel.ms);
        let all: f64 = view.kernels.iter().map(|kernel| kernel.ms).sum();
        let part = |ms: f64, of: f64| if of > 0.0 { ms / of } else { 0.0 };
        let rows = view.kernels.iter().map(|kernel| {
            view! {
                <tr>
                    <th scope="row"><code>{kernel.name.clone()}</code></th>
                    <td>{numbers::count(kernel.count)}</td>
                    <td>{numbers::amount(kernel.ms)}</td>
                    <td>{numbers::percent(part(kernel.ms, all))}</td>
                    <td class="bar-cell">
                        <span class="bar-track" aria-hidden="true">
                            <span class="bar-fill" style:width=format!("{:.1}%", part(kernel.ms, most) * 100.0)></span>
                        </span>
                    </td>
                </tr>
            }
        });
        view! {
            <p class="quiet">
                {format!("The kernels of one step took {} ms; of late a step takes {} ms.", numbers::amount(all), numbers::amount(view.ms_per_step))}
            </p>
            <div class="scroll" tabindex="0" role="region" aria-label="Kernels of a step">
                <table class="table profile">
                    <thead>
                        <tr>
                            <th scope="col">"kernel"</th>
                            <th scope="col">"times"</th>
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

//! Matrix kernels of this device: measurements and choices.

use crate::ui::numbers;
use crate::ui::store::Store;
use kindling::tuning::Choice;
use leptos::prelude::*;

/// The choices, once there are any.
#[component]
pub fn Kernels(store: Store) -> impl IntoView {
    let rows = move || store.kernels.get().classes.into_iter().map(row).collect_view();
    move || {
        store.kernels.with(|choices| !choices.classes.is_empty()).then(|| {
            view! {
                <section class="panel card" aria-labelledby="kernels-title">
                    <h2 id="kernels-title">"Kernels"</h2>
                    <p class="card-meaning">
                        "Matrix products and convolutions have several kernels with identical results. After the first steps of a run each is timed on a part of its product; the fastest is used from then on, and cached in this browser. Sizes are rounded to powers of two; N and T mark normal and transposed factors."
                    </p>
                    <table class="table kernels">
                        <thead>
                            <tr>
                                <th scope="col">"product"</th>
                                <th scope="col">"kernel"</th>
                                <th scope="col">"ms"</th>
                                <th scope="col">"others, ms"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </section>
            }
        })
    }
}

fn row((product, Choice { variant, milliseconds }): (String, Choice)) -> impl IntoView {
    let kernel = format!("{variant:?}");
    let (chosen, others): (Vec<_>, Vec<_>) = milliseconds.into_iter().partition(|(name, _)| *name == kernel);
    let others: Vec<String> = others.iter().map(|(name, ms)| format!("{name} {}", numbers::amount(*ms))).collect();
    view! {
        <tr>
            <th scope="row">{product}</th>
            <td>{kernel}</td>
            <td>{chosen.first().map(|(_, ms)| numbers::amount(*ms))}</td>
            <td>{others.join(", ")}</td>
        </tr>
    }
}

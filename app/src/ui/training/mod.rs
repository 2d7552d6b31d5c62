//! Training: controls, settings, progress, curves.

mod controls;
mod curves;
mod optimizer;
mod progress;
mod schedule;
mod settings;

pub use controls::{Controls, Dock};
pub use curves::Curves;
pub use settings::DeviceField;

use crate::ui::store::Store;
use leptos::prelude::*;

/// The panel.
#[component]
pub fn TrainingPanel(store: Store) -> impl IntoView {
    view! {
        <section class="panel training" aria-labelledby="training-title">
            <header class="panel-head">
                <h2 id="training-title">"Training"</h2>
                <progress::Standing store />
                <Controls store />
            </header>
            <settings::Settings store />
            <Waiting store />
            <progress::Progress store />
            <Curves store />
            <progress::Pace store />
        </section>
    }
}

/// Settings that a new run would have and this one does not.
#[component]
fn Waiting(store: Store) -> impl IntoView {
    let changes = Memo::new(move |_| store.waiting_changes());
    move || {
        let names = changes.get();
        (!names.is_empty()).then(|| {
            view! {
                <p class="waiting" role="status">
                    <span>"Changed since this run began: " <b>{names.join(", ")}</b> ". It takes a new run."</span>
                    <button class="button small" type="button" on:click=move |_| store.restart()>
                        "Start a new run"
                    </button>
                </p>
            }
        })
    }
}

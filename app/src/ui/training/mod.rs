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
                <progress::PhaseBadge store />
                <Controls store />
            </header>
            <settings::Settings store />
            <PendingChanges store />
            <progress::Progress store />
            <Curves store />
            <progress::Stats store />
        </section>
    }
}

/// Changed settings that take effect in a new run only.
#[component]
fn PendingChanges(store: Store) -> impl IntoView {
    let changes = Memo::new(move |_| store.pending_changes());
    move || {
        let names = changes.get();
        (!names.is_empty()).then(|| {
            view! {
                <p class="waiting" role="status">
                    <span>"Changed since this run began: " <b>{names.join(", ")}</b> ". Takes effect in a new run."</span>
                    <button class="button small" type="button" on:click=move |_| store.restart()>
                        "Start a new run"
                    </button>
                </p>
            }
        })
    }
}

//! Runs: by name, with their settings, metrics and curves; differences are marked.

mod overlay;
mod table;

use crate::ui::store::Store;
use leptos::prelude::*;

/// The tab.
#[component]
pub fn Runs(store: Store) -> impl IntoView {
    // The current run is shown up to its last step.
    store.run.save_record();
    let shown = RwSignal::new(Vec::<u32>::new());
    store.run.records.with_untracked(|all| {
        shown.update(|shown| shown.extend(all.iter().rev().take(4).map(|record| record.number)));
    });
    let none = move || store.run.records.with(Vec::is_empty) && store.run.records.deleted().is_none();
    view! {
        <div class="page wide">
            <h1>"Runs"</h1>
            <Show
                when=move || !none()
                fallback=|| {
                    view! {
                        <p class="lead">
                            "No run yet. Train on the playground; runs are stored in this browser, with their settings and curves."
                        </p>
                    }
                }
            >
                <Deleted store />
                <overlay::Overlay store shown />
                <table::Table store shown />
            </Show>
        </div>
    }
}

/// Offers to restore the run that was deleted last.
#[component]
fn Deleted(store: Store) -> impl IntoView {
    move || {
        store.run.records.deleted().map(|record| {
            view! {
                <p class="waiting" role="status">
                    <span>{record.name}" has been deleted."</span>
                    <button class="button small" type="button" on:click=move |_| store.run.records.undelete()>
                        "Undo"
                    </button>
                </p>
            }
        })
    }
}

/// Returns the class of a run's color, the same in table and chart.
pub fn color(index: usize) -> &'static str {
    const COLORS: [&str; 6] = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];
    COLORS[index % COLORS.len()]
}

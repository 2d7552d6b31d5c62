//! Notices: sentences that stay until dismissed, a run that can be resumed, and announcements for
//! screen readers.

use super::numbers;
use super::store::{Phase, SavedRun, Status, Store};
use crate::protocol::ToWorker;
use leptos::prelude::*;

/// The sentences.
#[component]
pub fn Notices(store: Store) -> impl IntoView {
    let engine = move || match store.status.get() {
        Status::Failed(reason) => Some(view! {
            <p class="notice bad">
                <span>{format!("The engine stopped: {reason} Reload the page; your settings are saved.")}</span>
            </p>
        }),
        Status::Detecting | Status::Known(_) => None,
    };
    let dismiss = move |id: u32| store.notices.update(|all| all.retain(|notice| notice.id != id));
    view! {
        <div class="notices" role="log" aria-label="Messages">
            {engine}
            <SavedRuns store />
            <For
                each=move || store.notices.get()
                key=|notice| notice.id
                children=move |notice| {
                    view! {
                        <p class="notice" class:bad=notice.is_error>
                            <span>{notice.text}</span>
                            <button class="icon-button" type="button" aria-label="Dismiss" on:click=move |_| dismiss(notice.id)>
                                "×"
                            </button>
                        </p>
                    }
                }
            />
        </div>
        <p class="hidden" role="status">{move || store.announcement.get()}</p>
    }
}

/// Runs of earlier visits.
#[component]
fn SavedRuns(store: Store) -> impl IntoView {
    let row = move |saved: SavedRun| {
        let age = numbers::clock((js_sys::Date::now() - saved.saved_at) / 1000.0);
        let text = format!(
            "A run from an earlier visit can be resumed: {} on {}, step {}, epoch {} of {}, saved {age} ago.",
            saved.spec.model.as_ref().map_or("model", |model| model.name.as_str()),
            saved.name,
            numbers::whole(saved.step),
            saved.epoch,
            saved.spec.epochs
        );
        let slot = saved.slot.clone();
        let discard = move |_| {
            store.remove_saved_run(&slot);
            store.send(ToWorker::DeleteCheckpoint { slot: slot.clone() });
        };
        view! {
            <p class="notice">
                <span>{text}</span>
                <button class="button small" type="button" on:click=move |_| store.resume(saved.clone())>"Resume"</button>
                <button class="button small" type="button" on:click=discard>"Discard"</button>
            </p>
        }
    };
    // The offers stay until the run they are for has begun: it may be refused.
    let offers = move || if store.run.phase.get() == Phase::Starting { Vec::new() } else { store.saved_runs.get() };
    move || offers().into_iter().map(row).collect_view()
}

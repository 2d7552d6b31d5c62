//! Notices: sentences that stay until dismissed, a run that can be resumed, and announcements for
//! screen readers.

use super::numbers;
use super::store::{Status, Store};
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
            <SavedRun store />
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

/// A run of an earlier visit.
#[component]
fn SavedRun(store: Store) -> impl IntoView {
    move || {
        store.saved_run.get().map(|saved| {
            let age = numbers::clock((js_sys::Date::now() - saved.saved_at) / 1000.0);
            let text = format!(
                "A run from your last visit can be resumed: step {}, epoch {} of {}, saved {age} ago.",
                numbers::whole(saved.step),
                saved.epoch,
                saved.spec.epochs
            );
            let discard = move |_| {
                store.saved_run.set(None);
                store.send(ToWorker::DeleteCheckpoint);
            };
            view! {
                <p class="notice">
                    <span>{text}</span>
                    <button class="button small" type="button" on:click=move |_| store.resume(saved.clone())>"Resume"</button>
                    <button class="button small" type="button" on:click=discard>"Discard"</button>
                </p>
            }
        })
    }
}

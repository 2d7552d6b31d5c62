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
                <span>{format!("The engine stopped: {reason} Reload the page; what you chose is kept.")}</span>
            </p>
        }),
        Status::Asking | Status::Known(_) => None,
    };
    let put_away = move |id: u32| store.notices.update(|all| all.retain(|notice| notice.id != id));
    view! {
        <div class="notices" role="log" aria-label="Messages">
            {engine}
            <Found store />
            <For
                each=move || store.notices.get()
                key=|notice| notice.id
                children=move |notice| {
                    view! {
                        <p class="notice" class:bad=notice.bad>
                            <span>{notice.text}</span>
                            <button class="icon-button" type="button" aria-label="Put away" on:click=move |_| put_away(notice.id)>
                                "×"
                            </button>
                        </p>
                    }
                }
            />
        </div>
        <p class="hidden" role="status">{move || store.spoken.get()}</p>
    }
}

/// A run of an earlier visit.
#[component]
fn Found(store: Store) -> impl IntoView {
    move || {
        store.found.get().map(|found| {
            let age = numbers::clock((js_sys::Date::now() - found.saved_at) / 1000.0);
            let words = format!(
                "A run from your last visit can go on: step {}, epoch {} of {}, stored {age} ago.",
                numbers::whole(found.step),
                found.epoch,
                found.spec.epochs
            );
            let forget = move |_| {
                store.found.set(None);
                store.send(ToWorker::ForgetCheckpoint);
            };
            view! {
                <p class="notice">
                    <span>{words}</span>
                    <button class="button small" type="button" on:click=move |_| store.resume(found.clone())>"Go on"</button>
                    <button class="button small" type="button" on:click=forget>"Forget it"</button>
                </p>
            }
        })
    }
}

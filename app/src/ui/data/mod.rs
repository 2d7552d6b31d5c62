//! Data: choice, download progress, samples, augmentation.

mod augment;
pub mod files;
mod samples;
mod source;

use crate::hardware_text;
use crate::ui::numbers;
use crate::ui::store::Store;
use leptos::prelude::*;

/// The panel.
#[component]
pub fn DataPanel(store: Store) -> impl IntoView {
    let counts = move || {
        store.data.with(|data| {
            data.as_ref().map(|data| {
                let [train, test] = [data.train, data.test].map(numbers::count);
                let validation = (data.validation > 0).then(|| numbers::count(data.validation));
                let shape = numbers::shape(&data.shape);
                view! {
                    <p class="counts">
                        <span title="Training samples"><b>{train}</b>" train"</span>
                        {validation.map(|count| {
                            view! { <span title="Validation samples"><b>{count}</b>" validation"</span> }
                        })}
                        <span title="Test samples"><b>{test}</b>" test"</span>
                        <span title="Shape of a sample">{shape}</span>
                        {data.cached.then(|| view! { <span class="badge" title="Loaded from this browser's storage">"cached"</span> })}
                    </p>
                }
            })
        })
    };
    view! {
        <section class="panel data" aria-labelledby="data-title">
            <header class="panel-head">
                <h2 id="data-title">"Data"</h2>
                <source::SourceChoice store />
            </header>
            {counts}
            <Arriving store />
            <Notes store />
            <source::TableFields store />
            <samples::Samples store />
            <augment::AugmentFields store />
            <source::Limits store />
            <files::UserData store />
        </section>
    }
}

/// Notes on how the data was read: conclusions, and files that were skipped.
#[component]
fn Notes(store: Store) -> impl IntoView {
    let notes = Memo::new(move |_| store.data.with(|data| data.as_ref().map(|data| data.notes.clone())));
    move || {
        let notes = notes.get().filter(|notes| !notes.is_empty())?;
        let items: Vec<_> = notes.into_iter().map(|note| view! { <li>{note}</li> }).collect();
        Some(view! { <ul class="data-notes" aria-label="Notes on the data">{items}</ul> })
    }
}

/// Download progress and errors.
#[component]
fn Arriving(store: Store) -> impl IntoView {
    let arriving = move || {
        store.loading.get().map(|progress| {
            let bytes = hardware_text::format_bytes(progress.bytes as f64);
            let of = progress
                .total
                .map(|total| format!(" of {}", hardware_text::format_bytes(total as f64)))
                .unwrap_or_default();
            let fraction = progress.total.map(|total| (progress.bytes as f64 / total.max(1) as f64).to_string());
            view! {
                <div class="arriving">
                    <progress aria-label="Loading data" max="1" value=fraction></progress>
                    <span>{format!("{bytes}{of} · {} samples", numbers::count(progress.train + progress.test))}</span>
                    <button class="button small" type="button" on:click=move |_| store.cancel_data()>
                        "Cancel"
                    </button>
                </div>
            }
        })
    };
    let unfinished = move || {
        let partial = store.data.with(|data| data.as_ref().is_some_and(|data| !data.complete));
        let failed = store.data_failed.get();
        (store.loading.with(Option::is_none) && (partial || failed.is_some())).then(|| {
            view! {
                <div class="data-failed" role="alert">
                    <p>{failed.unwrap_or_else(|| "Loading stopped early; training uses the samples that have arrived.".into())}</p>
                    <button class="button small" type="button" on:click=move |_| store.retry_data()>
                        "Try again"
                    </button>
                </div>
            }
        })
    };
    view! {
        {arriving}
        {unfinished}
    }
}

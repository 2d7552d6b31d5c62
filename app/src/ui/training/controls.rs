//! Train, Pause, Step, Reset.

use crate::ui::numbers;
use crate::ui::store::{Phase, Store};
use leptos::prelude::*;

/// The buttons.
#[component]
pub fn Controls(store: Store) -> impl IntoView {
    let phase = store.run.phase;
    let is_training = move || phase.get() == Phase::Training;
    let fits = Memo::new(move |_| store.draft.mismatch().is_none());
    let has_run = move || matches!(phase.get(), Phase::Training | Phase::Paused) || store.can_continue();
    let stuck = move || !has_run() && (!fits.get() || phase.get() == Phase::Starting);
    // One button in all phases: it keeps the focus when its label changes.
    let label = move || match phase.get() {
        Phase::Training => "Pause",
        Phase::Paused => "Continue",
        Phase::Ended(_) if store.can_continue() => "Continue",
        Phase::Ended(_) => "Train again",
        Phase::None | Phase::Starting => "Train",
    };
    let meaning = move || match label() {
        "Pause" => "Pause after this step (Ctrl Enter)",
        "Continue" => "Continue this run (Ctrl Enter)",
        "Train again" => "Start anew with new weights; raise Epochs to continue this run (Ctrl Enter)",
        _ => "Start training (Ctrl Enter)",
    };
    let undo = move || {
        let by_opened = store.run.replaced.with(|replaced| replaced.as_ref().map(|replaced| replaced.by_opened))?;
        let label = if by_opened { "Undo opening" } else { "Undo reset" };
        let title = "Return to the run before this one, at its last checkpoint";
        Some(view! {
            <button
                class="button"
                type="button"
                title=title
                disabled=move || phase.get() == Phase::Starting
                on:click=move |_| store.undo_replace()
            >
                {label}
            </button>
        })
    };
    view! {
        <div class="controls">
            <button
                class="button primary"
                type="button"
                title=meaning
                aria-keyshortcuts="Control+Enter"
                disabled=stuck
                on:click=move |_| store.toggle()
            >
                {move || {
                    let path = if is_training() { "M7 5h3v14H7zM14 5h3v14h-3z" } else { "M8 5v14l11-7z" };
                    view! { <Icon path /> }
                }}
                {label}
            </button>
            <button
                class="button"
                type="button"
                title="Train on one batch and inspect the step (Ctrl Shift Enter)"
                aria-keyshortcuts="Control+Shift+Enter"
                disabled=move || is_training() || stuck()
                on:click=move |_| store.step()
            >
                <Icon path="M6 5v14l9-7zM16 5h2.5v14H16z" />
                "Step"
            </button>
            <button
                class="button"
                type="button"
                title="Start a new run with new weights and these settings"
                disabled=move || !fits.get() || matches!(phase.get(), Phase::None | Phase::Starting)
                on:click=move |_| store.reset()
            >
                <Icon path="M12 5a7 7 0 1 1-6.6 4.7l1.9.7A5 5 0 1 0 12 7v3L7.5 6 12 2z" />
                "Reset"
            </button>
            {undo}
        </div>
    }
}

#[component]
fn Icon(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=path fill="currentColor" />
        </svg>
    }
}

/// Train button and progress, at the bottom of a narrow screen.
#[component]
pub fn Dock(store: Store) -> impl IntoView {
    let line = move || {
        let line = store.run.epoch_progress();
        match (store.run.phase.get(), line.loss) {
            (Phase::None, _) => "Ready".to_owned(),
            (Phase::Starting, _) => "Starting …".to_owned(),
            (_, Some(loss)) => {
                let [epoch, of] = line.epoch;
                format!("{epoch}/{of} · {:.0}% · loss {}", line.fraction() * 100.0, numbers::figure(loss))
            }
            (_, None) => "Ready".to_owned(),
        }
    };
    view! {
        <div class="dock" role="region" aria-label="Training at a glance">
            <span class="dock-line">{line}</span>
            <Controls store />
        </div>
    }
}

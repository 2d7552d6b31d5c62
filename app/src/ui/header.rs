//! The bar at the top: the name, the hardware in two words, the colour scheme.

use super::Status;
use super::theme::ThemeButton;
use crate::protocol::Hardware;
use crate::words;
use leptos::prelude::*;

/// The bar at the top.
#[component]
pub fn Header(status: RwSignal<Status>) -> impl IntoView {
    let words = move || match status.get() {
        Status::Asking => ("…".to_owned(), ""),
        Status::Failed(_) => ("Engine stopped".to_owned(), ""),
        Status::Known(hardware) => {
            let described = words::describe(&hardware);
            (described.name, described.kind)
        }
    };
    view! {
        <header class="bar">
            <a class="brand" href="./" aria-label="Kindling, start page">
                <Flame />
                <span>"Kindling"</span>
            </a>
            <span class="chip" data-kind=move || status.with(kind) title="What this browser offers">
                <span class="dot" aria-hidden="true"></span>
                <span class="chip-name">{move || words().0}</span>
                <span class="chip-kind">{move || words().1}</span>
            </span>
            <ThemeButton />
        </header>
    }
}

/// The status as the style sheet knows it.
pub fn kind(status: &Status) -> &'static str {
    match status {
        Status::Asking => "asking",
        Status::Known(Hardware::Gpu(_)) => "gpu",
        Status::Known(Hardware::Software(_)) => "software",
        Status::Known(Hardware::Cpu(_)) => "cpu",
        Status::Failed(_) => "failed",
    }
}

#[component]
fn Flame() -> impl IntoView {
    view! {
        <svg class="flame" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M12.6 2c.6 3.4-1 5.1-2.7 7C8.1 11 6 13 6 16a6.2 6.2 0 0 0 12.4 0c0-2.5-1.1-4.4-2.3-6-.2 1.5-.8 2.5-1.9 3.1.7-3.9-.1-8.2-1.6-11.1Z" />
        </svg>
    }
}

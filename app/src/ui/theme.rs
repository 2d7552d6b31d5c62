//! Dark or light: the system's preference, until the user chooses; the choice is stored in this
//! browser.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::Closure;

/// Storage key of the choice. `boot.js` reads it too, before the first frame.
const KEY: &str = "kindling.theme";

thread_local! {
    static CHANGED: ArcTrigger = follow_system();
}

/// Returns the trigger of color changes, on which canvases are repainted.
pub fn changed() -> ArcTrigger {
    CHANGED.with(Clone::clone)
}

fn follow_system() -> ArcTrigger {
    let trigger = ArcTrigger::new();
    if let Ok(Some(query)) = window().match_media("(prefers-color-scheme: dark)") {
        let changed = trigger.clone();
        let listener = Closure::<dyn Fn()>::new(move || changed.notify());
        query.set_onchange(Some(listener.as_ref().unchecked_ref()));
        // The listener lives as long as the page.
        listener.forget();
    }
    trigger
}

/// A button that toggles dark and light.
#[component]
pub fn ThemeButton() -> impl IntoView {
    let dark = RwSignal::new(is_dark());
    let toggle = move |_| {
        dark.update(|dark| *dark = !*dark);
        choose(dark.get_untracked());
    };
    let label = move || {
        if dark.get() { "Light colors" } else { "Dark colors" }
    };
    view! {
        <button class="icon-button" type="button" on:click=toggle aria-label=label title=label>
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <circle cx="12" cy="12" r="8.25" fill="none" stroke="currentColor" stroke-width="1.5" />
                <path d="M12 3.75a8.25 8.25 0 0 1 0 16.5Z" fill="currentColor" />
            </svg>
        </button>
    }
}

/// Returns `true` if the page is dark: by the choice, or else by the system's preference.
fn is_dark() -> bool {
    let chosen = document().document_element().and_then(|root| root.get_attribute("data-theme"));
    let preferred = || window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    chosen.map_or_else(|| preferred().is_some_and(|query| query.matches()), |theme| theme == "dark")
}

fn choose(dark: bool) {
    let theme = if dark { "dark" } else { "light" };
    if let Some(root) = document().document_element() {
        // An attribute of this name and value is always allowed.
        let _ = root.set_attribute("data-theme", theme);
    }
    changed().notify();
    if let Ok(Some(storage)) = window().local_storage() {
        // Without storage (private windows, a full disk) the choice lasts until the tab is closed.
        let _ = storage.set_item(KEY, theme);
    }
}

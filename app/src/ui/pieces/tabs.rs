//! A row of tabs over one panel, with their keys: arrows, Home, End.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

/// Tabs. The panel they belong to has the id `{id}-panel`.
#[component]
pub fn Tabs<T: Copy + Eq + Send + Sync + 'static>(
    /// Prefix of the elements' ids.
    id: &'static str,
    /// Purpose of the tabs, for screen readers.
    label: &'static str,
    /// Tabs with their labels.
    tabs: Vec<(T, &'static str)>,
    /// Open tab.
    open: RwSignal<T>,
) -> impl IntoView {
    let all: Vec<T> = tabs.iter().map(|(tab, _)| *tab).collect();
    let keys = move |event: web_sys::KeyboardEvent| {
        let at = all.iter().position(|tab| *tab == open.get_untracked()).unwrap_or(0);
        let to = match event.key().as_str() {
            "ArrowRight" => (at + 1) % all.len(),
            "ArrowLeft" => (at + all.len() - 1) % all.len(),
            "Home" => 0,
            "End" => all.len() - 1,
            _ => return,
        };
        event.prevent_default();
        open.set(all[to]);
        let element = document().get_element_by_id(&format!("{id}-tab-{to}"));
        if let Some(button) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
            // A button that is shown can be focused.
            let _ = button.focus();
        }
    };
    let buttons = tabs
        .into_iter()
        .enumerate()
        .map(|(i, (tab, text))| {
            let chosen = move || open.get() == tab;
            view! {
                <button
                    class="tab"
                    type="button"
                    role="tab"
                    id=format!("{id}-tab-{i}")
                    aria-selected=move || chosen().to_string()
                    aria-controls=format!("{id}-panel")
                    tabindex=move || if chosen() { "0" } else { "-1" }
                    on:click=move |_| open.set(tab)
                >
                    {text}
                </button>
            }
        })
        .collect_view();
    view! { <div class="tabs" role="tablist" aria-label=label on:keydown=keys>{buttons}</div> }
}

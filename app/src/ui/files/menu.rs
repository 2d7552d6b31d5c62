//! The file menu and the share button.

use crate::protocol::{FileKind, ToWorker};
use crate::ui::browser;
use crate::ui::data::files;
use crate::ui::store::{Phase, Store};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlElement, HtmlInputElement, KeyboardEvent};

/// Files that can be saved.
const KINDS: [(FileKind, &str, &str); 5] = [
    (FileKind::Model, "Save model", "Weights and architecture (.safetensors)"),
    (FileKind::Checkpoint, "Save checkpoint", "Model, optimizer state and position, to resume the run (.safetensors)"),
    (FileKind::Script, "Export PyTorch script", "A script and the weights (.zip)"),
    (FileKind::TensorBoard, "Save TensorBoard log", "The curves, for TensorBoard"),
    (FileKind::Curves, "Save curves", "The curves as a table (.csv)"),
];

/// The menu.
#[component]
pub fn FileMenu(store: Store) -> impl IntoView {
    let open = RwSignal::new(false);
    let root = NodeRef::<html::Div>::new();
    let input = NodeRef::<html::Input>::new();
    let no_run = move || matches!(store.run.phase.get(), Phase::None | Phase::Starting);
    let items = move || -> Vec<HtmlElement> {
        let Some(root) = root.get_untracked() else { return Vec::new() };
        let Ok(all) = root.query_selector_all("[role=menuitem]:not(:disabled)") else { return Vec::new() };
        (0..all.length()).filter_map(|i| all.item(i)?.dyn_into().ok()).collect()
    };
    let focus = move |index: usize| {
        if let Some(item) = items().get(index) {
            // An item that is shown can be focused.
            let _ = item.focus();
        }
    };
    let keys = move |event: KeyboardEvent| {
        let items = items();
        let active = document().active_element();
        let at = items.iter().position(|item| Some(item.unchecked_ref()) == active.as_ref());
        let last = items.len().saturating_sub(1);
        match event.key().as_str() {
            "Escape" => {
                open.set(false);
                if let Some(button) = root.get_untracked().and_then(|root| root.query_selector("button").ok().flatten())
                {
                    let _ = button.unchecked_into::<HtmlElement>().focus();
                }
            }
            "ArrowDown" => focus(at.map_or(0, |at| if at == last { 0 } else { at + 1 })),
            "ArrowUp" => focus(at.map_or(last, |at| if at == 0 { last } else { at - 1 })),
            "Home" => focus(0),
            "End" => focus(last),
            _ => return,
        }
        event.prevent_default();
    };
    let leave = move |event: web_sys::FocusEvent| {
        let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        if root.get_untracked().is_some_and(|root| !root.contains(to.as_ref())) && to.is_some() {
            open.set(false);
        }
    };
    let outside = window_event_listener(leptos::ev::pointerdown, move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        if root.get_untracked().is_some_and(|root| !root.contains(target.as_ref())) {
            open.set(false);
        }
    });
    on_cleanup(move || outside.remove());
    let toggle = move |_| {
        open.update(|open| *open = !*open);
        if open.get_untracked() {
            request_animation_frame(move || focus(0));
        }
    };
    let chosen = move |event: Event| {
        let input = event_target::<HtmlInputElement>(&event);
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            inspect(store, file.name(), file.into());
        }
        input.set_value("");
    };
    let save = KINDS.into_iter().map(|(kind, text, hint)| {
        view! {
            <button
                class="menu-item"
                type="button"
                role="menuitem"
                tabindex="-1"
                title=hint
                disabled=no_run
                on:click=move |_| {
                    open.set(false);
                    store.save(kind);
                }
            >
                {text}
            </button>
        }
    });
    view! {
        <div class="menu-root" node_ref=root on:keydown=keys on:focusout=leave>
            <button
                class="bar-button"
                type="button"
                aria-haspopup="menu"
                aria-expanded=move || open.get().to_string()
                on:click=toggle
            >
                "File "
                <span aria-hidden="true">"▾"</span>
            </button>
            <div class="menu" role="menu" aria-label="File" hidden=move || !open.get()>
                <button
                    class="menu-item"
                    type="button"
                    role="menuitem"
                    tabindex="-1"
                    title="A model or a checkpoint; its contents are shown first"
                    on:click=move |_| {
                        open.set(false);
                        if let Some(input) = input.get_untracked() {
                            input.click();
                        }
                    }
                >
                    "Open …"
                </button>
                {save.collect_view()}
            </div>
            <input
                class="hidden"
                node_ref=input
                type="file"
                accept=".safetensors"
                aria-label="Open a model or checkpoint"
                tabindex="-1"
                on:change=chosen
            />
        </div>
    }
}

/// Requests the contents of a file.
pub fn inspect(store: Store, name: String, file: JsValue) {
    spawn_local(async move {
        match files::bytes(&file).await {
            Ok(bytes) => store.send_with(ToWorker::OpenFile { name }, vec![bytes]),
            Err(reason) => store.notify(true, format!("{name} could not be read: {reason}")),
        }
    });
}

/// Copies a link with data choice, model and settings.
#[component]
pub fn ShareButton(store: Store) -> impl IntoView {
    let share = move |_| {
        let Some(hash) = untrack(|| store.draft.settings()).to_hash() else { return };
        let location = window().location();
        let address = |part: Result<String, JsValue>| part.unwrap_or_default();
        let link = format!("{}{}#{hash}", address(location.origin()), address(location.pathname()));
        spawn_local(async move {
            match browser::copy(&link).await {
                Ok(()) => store.notify(false, "The link to this model and these settings is on the clipboard.".into()),
                Err(_) => {
                    // The address bar can always be copied from.
                    let _ = window().location().set_hash(&hash);
                    store.notify(false, "The address of this page now holds this model and these settings.".into());
                }
            }
        });
    };
    view! {
        <button
            class="bar-button"
            type="button"
            title="Copy a link to data choice, model and settings"
            on:click=share
        >
            "Share"
        </button>
    }
}

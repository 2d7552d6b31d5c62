//! The model: presets, editing as blocks or as text, inferred shapes.

mod blocks;
mod code;
pub mod edit;
pub mod memory;
mod palette;
mod row;

use crate::hardware_text;
use crate::ui::numbers;
use crate::ui::pieces::{Choice, Tabs};
use crate::ui::store::Store;
use kindling::train::model::PRESETS;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

/// Form of editing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    Blocks,
    Code,
}

/// The panel.
#[component]
pub fn ModelPanel(store: Store) -> impl IntoView {
    let draft = store.draft;
    let form = RwSignal::new(Form::Blocks);
    let presets = PRESETS.iter().map(|preset| (preset.name.to_owned(), preset.name.to_owned()));
    let options = presets.chain([("own".to_owned(), "custom".to_owned())]).collect::<Vec<_>>();
    let chosen = Memo::new(move |_| draft.preset().unwrap_or("own").to_owned());
    let choose = move |name: String| {
        if let Err(reason) = draft.choose_preset(&name)
            && name != "own"
        {
            store.notify(true, reason);
        }
    };
    let about = move || {
        let name = chosen.get();
        PRESETS.iter().find(|preset| preset.name == name).map_or("Custom network.", |preset| preset.about)
    };
    let parameters = move || numbers::count(draft.summary.with(|summary| summary.parameters));
    let memory = Memo::new(move |_| draft.memory());
    let needs = move || hardware_text::format_bytes(memory.get().total());
    let parts = move || {
        let memory = memory.get();
        let [parameters, gradients, optimizer, activations] =
            [memory.parameters, memory.gradients, memory.optimizer, memory.activations]
                .map(hardware_text::format_bytes);
        format!(
            "Estimated memory for training: parameters {parameters}, gradients {gradients}, optimizer {optimizer}, activations of a batch {activations}"
        )
    };
    let panel = NodeRef::<leptos::html::Section>::new();
    // Applies to the whole tab except other fields, which have the browser's own undo.
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        let key = event.key().to_ascii_lowercase();
        let is_command = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        if !is_command || is_other_field(&event) {
            return;
        }
        match (key.as_str(), event.shift_key()) {
            ("z", false) => draft.undo(),
            ("z", true) | ("y", false) => draft.redo(),
            _ => return,
        }
        event.prevent_default();
        // If the focused row is gone, focus must not move to the top of the page.
        request_animation_frame(move || {
            if document().active_element().is_none_or(|element| element.tag_name() == "BODY")
                && let Some(panel) = panel.get_untracked()
            {
                // A panel that is shown can be focused.
                let _ = panel.focus();
            }
        });
    });
    on_cleanup(move || keys.remove());
    view! {
        <section class="panel model" aria-labelledby="model-title" tabindex="-1" node_ref=panel>
            <header class="panel-head">
                <h2 id="model-title">"Model"</h2>
                <Choice label="Preset" bare=true options value=chosen on_change=Callback::new(choose) />
                <span class="figure" title="Trainable parameters">
                    <b>{parameters}</b>
                    " parameters"
                </span>
                <span class="figure memory" title=parts>
                    {needs}
                </span>
            </header>
            <div class="model-bar">
                <p class="about">{about}</p>
                <div class="tools">
                    <Tabs
                        id="form"
                        label="Editor"
                        tabs=vec![(Form::Blocks, "Blocks"), (Form::Code, "Code")]
                        open=form
                    />
                    <button
                        class="icon-button"
                        type="button"
                        aria-label="Undo"
                        title="Undo (Ctrl Z)"
                        disabled=move || !draft.can_undo_redo()[0]
                        on:click=move |_| draft.undo()
                    >
                        "↶"
                    </button>
                    <button
                        class="icon-button"
                        type="button"
                        aria-label="Redo"
                        title="Redo (Ctrl Shift Z)"
                        disabled=move || !draft.can_undo_redo()[1]
                        on:click=move |_| draft.redo()
                    >
                        "↷"
                    </button>
                </div>
            </div>
            <div id="form-panel" role="tabpanel" class="model-body">
                {move || match form.get() {
                    Form::Blocks => view! { <blocks::Blocks store /> }.into_any(),
                    Form::Code => view! { <code::Code store /> }.into_any(),
                }}
            </div>
            <Mismatch store />
        </section>
    }
}

/// Returns `true` in a text field, except for arguments of blocks, whose changes are undone with
/// the model.
fn is_other_field(event: &web_sys::KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA") && !element.class_list().contains("argument-input")
    })
}

/// First mismatch of the model's shapes, and the button that fixes it.
#[component]
fn Mismatch(store: Store) -> impl IntoView {
    let draft = store.draft;
    let mismatch = Memo::new(move |_| draft.mismatch());
    let fix = move || {
        // A model of images cannot be fitted to rows by its arguments.
        if let Some(mlp) = draft.for_rows() {
            return Some(("Use the preset mlp".to_owned(), mlp));
        }
        let fitted = draft.fitted();
        let difference = draft.model.with(|model| edit::first_difference(model, &fitted));
        difference.map(|(_, text)| (format!("Set {text}"), fitted))
    };
    let body = move || {
        mismatch.get().map(|mismatch| {
            let button = draft.text_error.with(Option::is_none).then(fix).flatten().map(|(text, fitted)| {
                view! {
                    <button class="button small" type="button" on:click=move |_| draft.replace(fitted.clone())>
                        {text}
                    </button>
                }
            });
            view! {
                <p class="mismatch">
                    <span class="mismatch-mark" aria-hidden="true">"!"</span>
                    <span>{sentence(&mismatch)}</span>
                    {button}
                </p>
            }
        })
    };
    view! { <div class="mismatches" role="status">{body}</div> }
}

/// Adds a period to a phrase.
fn sentence(text: &str) -> String {
    // Names of layers keep their case.
    format!("{}.", text.trim_end_matches('.'))
}

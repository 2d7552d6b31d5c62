//! A layer in the list of blocks.

use super::blocks::{DragState, focus, row_id};
use super::edit::{self, LayerPath};
use crate::ui::numbers;
use crate::ui::store::Store;
use kindling::train::LayerSpec;
use kindling::train::model::{Kind, Row};
use leptos::prelude::*;
use serde_json::{Map, Value};
use web_sys::{DragEvent, KeyboardEvent, MouseEvent};

/// The layer.
#[component]
pub fn BlockRow(
    /// State of the page.
    store: Store,
    /// State shared by the rows.
    drag: DragState,
    /// Row in the summary.
    row: usize,
    /// Path of the layer.
    path: LayerPath,
) -> impl IntoView {
    let draft = store.draft;
    let path = StoredValue::new(path);
    let layer = Memo::new(move |_| draft.model.with(|model| path.with_value(|path| edit::layer(model, path).cloned())));
    let facts = Memo::new(move |_| draft.summary.with(|summary| summary.rows.get(row).cloned()));
    let moved = move |to: Option<LayerPath>| {
        if let Some(to) = to {
            focus(&to);
        }
    };
    let shift = move |by: isize| {
        let mut to = None;
        draft.edit(|model| to = edit::shift(model, &path.get_value(), by));
        moved(to);
    };
    let copy = move || {
        let mut to = None;
        draft.edit(|model| to = edit::duplicate(model, &path.get_value()));
        moved(to);
    };
    let delete = move || {
        let path = path.get_value();
        draft.edit(|model| drop(edit::remove(model, &path)));
        let left = draft.model.with_untracked(|model| edit::list(model, &path).map_or(0, Vec::len));
        moved((left > 0).then(|| path.at(path.index().min(left.saturating_sub(1)))));
    };
    let keys = move |event: KeyboardEvent| {
        match (event.key().as_str(), event.alt_key(), event.ctrl_key() || event.meta_key()) {
            ("ArrowUp", true, _) => shift(-1),
            ("ArrowDown", true, _) => shift(1),
            ("ArrowUp", false, _) => step_focus(&event, -1),
            ("ArrowDown", false, _) => step_focus(&event, 1),
            ("Delete" | "Backspace", ..) => delete(),
            ("d", _, true) => copy(),
            _ => return,
        }
        event.prevent_default();
    };
    let dropped = move |event: DragEvent| {
        event.prevent_default();
        let (from, target) = (drag.dragged.get_untracked(), drag.target.get_untracked());
        drag.dragged.set(None);
        drag.target.set(None);
        if let (Some(from), Some((to, after))) = (from, target) {
            draft.edit(|model| {
                edit::move_layer(model, &from, &to, after);
            });
        }
    };
    let over = move |event: DragEvent| {
        if drag.dragged.with_untracked(Option::is_some) {
            event.prevent_default();
            let after = is_lower_half(&event);
            drag.target.set(Some((path.get_value(), after)));
        }
    };
    let target = move |wanted: bool| {
        drag.target.with(|target| target.as_ref().is_some_and(|(p, after)| *p == path.get_value() && *after == wanted))
    };
    let error = move || facts.with(|facts| facts.as_ref().and_then(|row| row.output.clone().err()));
    let depth = path.with_value(|path| path.0.len() - 1).min(5).to_string();
    let described = move || layer.with(|layer| layer.as_ref().map_or(String::new(), |l| describe(l, facts.get())));
    view! {
        <li
            class="block"
            class:wrong=move || error().is_some()
            class:before=move || target(false)
            class:after=move || target(true)
            class:open=move || drag.open.with(|open| *open == Some(path.get_value()))
            class:lifted=move || drag.dragged.with(|dragged| *dragged == Some(path.get_value()))
            data-depth=depth
            on:dragover=over
            on:drop=dropped
        >
            <button
                class="handle"
                type="button"
                id=path.with_value(row_id)
                draggable="true"
                aria-label=described
                title="Press for actions; drag, or Alt with the arrow keys, to move; Ctrl D copies; Delete removes"
                on:keydown=keys
                on:click=move |_| {
                    let path = path.get_value();
                    drag.open.update(|open| *open = (*open != Some(path.clone())).then_some(path));
                }
                on:dragstart=move |event: DragEvent| {
                    if let Some(transfer) = event.data_transfer() {
                        // Firefox starts no drag without data.
                        let _ = transfer.set_data("text/plain", "layer");
                    }
                    drag.dragged.set(Some(path.get_value()));
                }
                on:dragend=move |_| {
                    drag.dragged.set(None);
                    drag.target.set(None);
                }
            >
                <svg viewBox="0 0 8 12" aria-hidden="true">
                    <path d="M2 2h0M6 2h0M2 6h0M6 6h0M2 10h0M6 10h0" />
                </svg>
            </button>
            <LayerLabel store path layer />
            <span class="block-shape">
                {move || facts.with(|row| row.as_ref().and_then(|row| row.output.as_deref().ok().map(numbers::shape)))}
            </span>
            <span class="block-parameters">
                {move || facts.with(|row| row.as_ref().filter(|r| r.parameters > 0).map(|r| numbers::count(r.parameters)))}
            </span>
            <span class="block-tools">
                <Tool label="Move up" hint="Move up (Alt ↑)" path="M8 13V3M4 7l4-4 4 4" act=Callback::new(move |()| shift(-1)) />
                <Tool label="Move down" hint="Move down (Alt ↓)" path="M8 3v10M4 9l4 4 4-4" act=Callback::new(move |()| shift(1)) />
                <Tool label="Copy" hint="Copy (Ctrl D)" path="M6 6h7v7H6zM3 10V3h7" act=Callback::new(move |()| copy()) />
                <Tool label="Remove" hint="Remove (Delete)" path="M4 4l8 8M12 4l-8 8" act=Callback::new(move |()| delete()) />
            </span>
            {move || error().map(|error| view! { <p class="block-why">{error}</p> })}
        </li>
    }
}

/// A small button of a row. Keys do the same from the handle, so it is not in the tab
/// order.
#[component]
fn Tool(label: &'static str, hint: &'static str, path: &'static str, act: Callback<()>) -> impl IntoView {
    view! {
        <button class="tool" type="button" tabindex="-1" aria-label=label title=hint on:click=move |_| act.run(())>
            <svg viewBox="0 0 16 16" aria-hidden="true">
                <path d=path />
            </svg>
        </button>
    }
}

/// Describes the whole row for a screen reader.
fn describe(layer: &LayerSpec, row: Option<Row>) -> String {
    let kind = layer.kind.name();
    let name = layer.name.as_deref().filter(|name| !name.is_empty()).map(|name| format!("{name}, "));
    let facts = row.map(|row| match row.output {
        Ok(shape) => format!(": output {}, {} parameters", numbers::shape(&shape), numbers::count(row.parameters)),
        Err(why) => format!(": {why}"),
    });
    format!("{}{kind}{}", name.unwrap_or_default(), facts.unwrap_or_default())
}

fn is_lower_half(event: &MouseEvent) -> bool {
    let target = event.current_target().and_then(|t| wasm_bindgen::JsCast::dyn_into::<web_sys::Element>(t).ok());
    target.is_some_and(|row| {
        let bounds = row.get_bounding_client_rect();
        f64::from(event.client_y()) > bounds.top() + bounds.height() / 2.0
    })
}

/// Moves focus up or down between the handles.
fn step_focus(event: &KeyboardEvent, by: isize) {
    let Ok(all) = document().query_selector_all(".blocks .handle") else { return };
    let current = event.current_target().map(wasm_bindgen::JsCast::unchecked_into::<web_sys::Node>);
    let at = (0..all.length()).find(|i| all.item(*i) == current);
    let to = at.and_then(|at| (at as usize).checked_add_signed(by)).and_then(|to| all.item(to as u32));
    if let Some(handle) = to.and_then(|node| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(node).ok()) {
        // A handle that is shown can be focused.
        let _ = handle.focus();
    }
}

/// Name, kind and arguments.
#[component]
fn LayerLabel(store: Store, path: StoredValue<LayerPath>, layer: Memo<Option<LayerSpec>>) -> impl IntoView {
    let more = RwSignal::new(false);
    let name = move || layer.with(|l| l.as_ref().and_then(|l| l.name.clone()).filter(|name| !name.is_empty()));
    let kind = layer.with_untracked(|layer| layer.as_ref().map_or("", |layer| layer.kind.name()));
    let Some(signature) = layer.with_untracked(|layer| layer.as_ref().and_then(|l| l.kind.signature())) else {
        return view! {
            <span class="block-words">
                <span class="block-kind">{kind}</span>
                {move || name().map(|name| view! { <span class="block-name">{name}</span> })}
            </span>
        }
        .into_any();
    };
    let given = move |argument: &'static str| {
        layer.with(|l| l.as_ref().is_some_and(|l| l.kind.arguments().contains_key(argument)))
    };
    let arguments = signature
        .arguments
        .iter()
        .enumerate()
        .map(|(i, argument)| {
            let (argument, required) = (*argument, i < signature.required);
            let shown = move || required || more.get() || given(argument);
            view! {
                <Show when=shown>
                    <Argument store path layer argument required />
                </Show>
            }
        })
        .collect_view();
    let hidden = signature.arguments.len() > signature.required;
    view! {
        <span class="block-words">
            <span class="block-kind">{kind}</span>
            <span class="arguments">{arguments}</span>
            {hidden
                .then(|| {
                    view! {
                        <button
                            class="tool more"
                            type="button"
                            aria-label=move || {
                                if more.get() { "Fewer arguments" } else { "All arguments" }
                            }
                            aria-expanded=move || more.get().to_string()
                            title="All arguments"
                            on:click=move |_| more.update(|more| *more = !*more)
                        >
                            "⋯"
                        </button>
                    }
                })}
            {move || name().map(|name| view! { <span class="block-name">{name}</span> })}
        </span>
    }
    .into_any()
}

/// An argument, edited in place.
#[component]
fn Argument(
    store: Store,
    path: StoredValue<LayerPath>,
    layer: Memo<Option<LayerSpec>>,
    argument: &'static str,
    required: bool,
) -> impl IntoView {
    let error = RwSignal::new(None::<String>);
    let value = Memo::new(move |_| {
        let value = layer.with(|layer| layer.as_ref().and_then(|l| l.kind.arguments().get(argument).cloned()));
        value.map_or(String::new(), |value| show(&value))
    });
    let set = move |text: &str| {
        let Some(layer) = layer.get_untracked() else { return };
        let mut arguments: Map<String, Value> = layer.kind.arguments();
        let text = text.trim();
        if text.is_empty() && !required {
            arguments.remove(argument);
        } else {
            arguments.insert(argument.into(), read(text));
        }
        match Kind::from_arguments(layer.kind.name(), arguments) {
            Ok(kind) => {
                error.set(None);
                store.draft.edit(|model| {
                    edit::set_kind(model, &path.get_value(), kind);
                });
            }
            Err(reason) => error.set(Some(reason)),
        }
    };
    let keys = move |event: KeyboardEvent| {
        let by: i64 = match event.key().as_str() {
            "ArrowUp" => 1,
            "ArrowDown" => -1,
            _ => return,
        };
        if let Ok(number) = value.get_untracked().parse::<i64>() {
            event.prevent_default();
            set(&(number + by).max(0).to_string());
        }
    };
    let width = move || format!("calc({}ch + 0.75rem)", value.with(String::len).clamp(1, 9));
    view! {
        <label class="argument" title=move || error.get().unwrap_or_else(|| argument.to_owned())>
            <span class=if required { "hidden" } else { "argument-name" }>{argument}</span>
            <input
                class="argument-input"
                type="text"
                autocomplete="off"
                spellcheck="false"
                placeholder="–"
                aria-invalid=move || error.with(Option::is_some).to_string()
                style:width=width
                prop:value=move || value.get()
                on:input=move |event| set(&event_target_value(&event))
                on:keydown=keys
            />
        </label>
    }
}

/// Formats a value for editing.
fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(show).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Parses an edited value: a number, several, a bool, or a word.
fn read(text: &str) -> Value {
    let text = text.trim_matches(|c| "()[] ".contains(c));
    if text.contains([',', '×', 'x']) && text.starts_with(|c: char| c.is_ascii_digit()) {
        return Value::Array(text.split([',', '×', 'x']).map(read).collect());
    }
    match text {
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        "None" => Value::Null,
        text => kindling::json::read(text).unwrap_or_else(|_| Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_parsed() {
        assert_eq!(read("3"), serde_json::json!(3));
        assert_eq!(read("(3, 5)"), serde_json::json!([3, 5]));
        assert_eq!(read("3x5"), serde_json::json!([3, 5]));
        assert_eq!(read("True"), serde_json::json!(true));
        assert_eq!(read("same"), serde_json::json!("same"));
        assert_eq!(read("1e-5"), serde_json::json!(1e-5));
        assert_eq!(show(&read("3,5")), "3,5");
    }
}

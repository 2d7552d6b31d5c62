//! The model as a list of blocks: each can be edited, copied, removed, and moved by keys or by
//! dragging.

use super::edit::{self, LayerPath};
use super::palette::Palette;
use super::row::BlockRow;
use crate::ui::numbers;
use crate::ui::store::Store;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

/// State shared by the rows: dragging, and the row with open actions.
#[derive(Clone, Copy)]
pub struct DragState {
    /// Layer being dragged.
    pub dragged: RwSignal<Option<LayerPath>>,
    /// Drop target, and `true` to insert after it.
    pub target: RwSignal<Option<(LayerPath, bool)>>,
    /// Layer whose actions are shown, on devices without a hovering pointer.
    pub open: RwSignal<Option<LayerPath>>,
}

/// The list.
#[component]
pub fn Blocks(store: Store) -> impl IntoView {
    let draft = store.draft;
    let drag = DragState { dragged: RwSignal::new(None), target: RwSignal::new(None), open: RwSignal::new(None) };
    let paths = Memo::new(move |_| {
        draft.model.with(|model| {
            let paths = edit::paths(model).into_iter();
            let kind = |path: &LayerPath| edit::layer(model, path).map_or("", |layer| layer.kind.name());
            paths.enumerate().map(|(row, path)| (row, kind(&path), path)).collect::<Vec<_>>()
        })
    });
    let input = move || draft.model.with(|model| numbers::shape(&model.input));
    view! {
        <div class="blocks">
            <p class="block input-block">
                <span class="block-name">"input"</span>
                <span class="block-shape">{input}</span>
            </p>
            <ol class="block-list" aria-label="Layers">
                <For
                    each=move || paths.get()
                    key=|(row, kind, path)| (*row, *kind, path.clone())
                    children=move |(row, _, path)| view! { <BlockRow store drag row path /> }
                />
            </ol>
            <Palette store />
        </div>
    }
}

/// Moves focus to a layer's row, once it exists.
pub fn focus(path: &LayerPath) {
    let id = row_id(path);
    request_animation_frame(move || {
        let row = document().get_element_by_id(&id);
        if let Some(row) = row.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
            // A row that is shown can be focused.
            let _ = row.focus();
        }
    });
}

/// Returns the id of a layer's handle.
pub fn row_id(path: &LayerPath) -> String {
    format!("layer-{}", path.key())
}

//! The model as a list of blocks: each can be edited, copied, removed, and moved by keys or by
//! dragging.

use super::edit::{self, Place};
use super::palette::Palette;
use super::row::BlockRow;
use crate::ui::numbers;
use crate::ui::store::Store;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

/// State shared by the rows: the dragged layer, and the target of focus after a change.
#[derive(Clone, Copy)]
pub struct Hands {
    /// Layer being dragged.
    pub dragged: RwSignal<Option<Place>>,
    /// Drop target, and `true` to insert after it.
    pub goal: RwSignal<Option<(Place, bool)>>,
    /// The layer whose actions are shown, where there is no pointer to hover with.
    pub open: RwSignal<Option<Place>>,
}

/// The list.
#[component]
pub fn Blocks(store: Store) -> impl IntoView {
    let draft = store.draft;
    let hands = Hands { dragged: RwSignal::new(None), goal: RwSignal::new(None), open: RwSignal::new(None) };
    let places = Memo::new(move |_| {
        draft.model.with(|model| {
            let places = edit::places(model).into_iter();
            let kind = |place: &Place| edit::layer(model, place).map_or("", |layer| layer.kind.name());
            places.enumerate().map(|(row, place)| (row, kind(&place), place)).collect::<Vec<_>>()
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
                    each=move || places.get()
                    key=|(row, kind, place)| (*row, *kind, place.clone())
                    children=move |(row, _, place)| view! { <BlockRow store hands row place /> }
                />
            </ol>
            <Palette store />
        </div>
    }
}

/// Moves focus to a layer's row, once it exists.
pub fn focus(place: &Place) {
    let id = row_id(place);
    request_animation_frame(move || {
        let row = document().get_element_by_id(&id);
        if let Some(row) = row.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
            // A row that is shown can be focused.
            let _ = row.focus();
        }
    });
}

/// Returns the id of a layer's handle.
pub fn row_id(place: &Place) -> String {
    format!("layer-{}", place.key())
}

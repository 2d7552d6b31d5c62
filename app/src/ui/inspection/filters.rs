//! Weights of a convolution, as images.

use super::loading_placeholder;
use crate::protocol::FiltersRequest;
use crate::ui::numbers;
use crate::ui::pieces::{Choice, ImageGrid};
use crate::ui::store::Store;
use leptos::prelude::*;

/// The view.
#[component]
pub fn Filters(store: Store) -> impl IntoView {
    let state = store.inspection;
    move || {
        let Some(answer) = state.answers.filters.get() else { return loading_placeholder() };
        let (pixels, view) = (answer.pixels(0, answer.view.size), answer.view);
        let options = view.layers.iter().map(|name| (name.clone(), name.clone())).collect();
        let layer = view.layer.clone();
        let text = format!(
            "{} filters of {}. Black is {}, white is {}.",
            view.shape.first().copied().unwrap_or(0),
            numbers::shape(view.shape.get(1..).unwrap_or_default()),
            numbers::figure(view.range[0].into()),
            numbers::figure(view.range[1].into()),
        );
        let planes = view.planes;
        let filters = (0..view.filters).map(|filter| {
            let which: Vec<usize> = (filter * planes..(filter + 1) * planes).collect();
            let columns = (planes as f64).sqrt().ceil() as usize;
            view! {
                <li class="filter">
                    <ImageGrid pixels=pixels.clone() which columns gap=usize::from(planes > 1) label=format!("Filter {filter}") />
                </li>
            }
        });
        view! {
            <div class="inside-tools">
                <Choice
                    label="Layer"
                    options
                    value=Signal::derive(move || layer.clone())
                    on_change=Callback::new(move |name| state.requests.filters.set(FiltersRequest { layer: Some(name) }))
                />
                <span class="quiet">{text}</span>
            </div>
            <ul class="filters" class:large={planes == 1}>{filters.collect_view()}</ul>
        }
        .into_any()
    }
}

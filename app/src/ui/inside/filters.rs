//! Weights of a convolution, as images.

use super::looking;
use crate::ui::numbers;
use crate::ui::pieces::{Choice, Picture};
use crate::ui::store::Store;
use leptos::prelude::*;

/// The view.
#[component]
pub fn Filters(store: Store) -> impl IntoView {
    let inside = store.inside;
    move || {
        let Some((view, pixels)) = inside.filters.get() else { return looking() };
        let options = view.layers.iter().map(|name| (name.clone(), name.clone())).collect();
        let layer = view.layer.clone();
        let words = format!(
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
                    <Picture pixels=pixels.clone() which columns gap=usize::from(planes > 1) label=format!("Filter {filter}") />
                </li>
            }
        });
        view! {
            <div class="inside-tools">
                <Choice
                    label="Layer"
                    options
                    value=Signal::derive(move || layer.clone())
                    on_change=Callback::new(move |name| inside.layer.set(Some(name)))
                />
                <span class="quiet">{words}</span>
            </div>
            <ul class="filters" class:large={planes == 1}>{filters.collect_view()}</ul>
        }
        .into_any()
    }
}

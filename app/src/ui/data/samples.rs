//! Sample images by class, as training will use them.

use crate::ui::pieces::ImageGrid;
use crate::ui::store::Store;
use leptos::prelude::*;

/// A row of images for each class.
#[component]
pub fn Samples(store: Store) -> impl IntoView {
    let classes = move || store.data.with(|data| data.as_ref().map(|data| data.classes.clone()).unwrap_or_default());
    let rows = move || {
        let Some((samples, pixels)) = store.samples.get() else { return Vec::new() };
        let rows = classes().into_iter().enumerate().take(20).filter_map(|(class, name)| {
            let which: Vec<usize> =
                samples.labels.iter().enumerate().filter(|(_, label)| **label == class).map(|(i, _)| i).collect();
            (!which.is_empty()).then(|| {
                view! {
                    <li class="sample-row">
                        <span class="sample-name" title=name.clone()>{name.clone()}</span>
                        <ImageGrid pixels=pixels.clone() which gap=2 label=format!("Sample images of {name}") />
                    </li>
                }
            })
        });
        rows.collect()
    };
    let table = move || store.data.with(|data| data.as_ref().is_some_and(|data| data.shape.len() != 3));
    view! {
        <ul class="samples" aria-label="Sample images by class">{rows}</ul>
        <Show when=table>
            <p class="quiet">"These samples are rows of a table, not images."</p>
        </Show>
    }
}
